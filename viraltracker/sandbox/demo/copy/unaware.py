"""Copies for people who do not yet think of anything as wrong: a story, a scene, a curiosity."""

from __future__ import annotations

from viraltracker.sandbox.demo.copy.shape import Copy

_STAGE = "unaware"
_PAGE = "why-dogs-slow-down"

UNAWARE: tuple[Copy, ...] = (
    Copy(
        _STAGE,
        "He used to hear the biscuit tin from two rooms away and beat me to the kitchen.\n\n"
        "Last Tuesday I ate three before he looked up. I laughed. Then I thought about it all evening.",
        "The biscuit tin test",
        "A two-minute read for dog people",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "There is a photo on my phone from four summers ago. Same beach, same red ball, same dog.\n\n"
        "Put it next to last weekend's and see if you spot what I spotted.",
        "Two photos, four years apart",
        "What changed between them",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "A dog's whole language is in the way it gets up.\n\n"
        "Watch yours tomorrow morning: front legs first, or back legs first? Most people have never looked.",
        "Front legs or back legs first?",
        "The five-second morning check",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Seven is the new... well, seven. One dog year at that age is a very busy year inside.\n\n"
        "We asked 1,200 owners what surprised them most about it. Number four made us put the pen down.",
        "What 1,200 dog owners told us",
        "Number four surprised us too",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "My grandfather could tell a dog's age from across a field. 'Not the grey,' he said. 'The turn.'\n\n"
        "It took me thirty years to see what he meant.",
        "How to tell a dog's age from across a field",
        "It isn't the grey muzzle",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Things my Labrador has stolen this year: one roast chicken, eleven socks, my side of the bed.\n\n"
        "Things she stole last year: forty-three socks. I kept count. I wish I hadn't noticed the difference.",
        "The great sock count",
        "A short story about a thief",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Your dog can smell a cheese wrapper through a closed door, knows the sound of your car, and remembers "
        "the one vet visit from 2021.\n\nThere is one thing he will never tell you, though.",
        "The one thing your dog won't tell you",
        "And how he shows it instead",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "It's 6:40 a.m. and the leash is off the hook. Nobody comes running.\n\n"
        "You check under the table. Two brown eyes. One slow tail. 'Five more minutes,' they say.",
        "Five more minutes",
        "A morning with Otis, age nine",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "In Japan they celebrate a dog's tenth birthday with a small red bib. In Portugal they get sardines.\n\n"
        "What would yours get? And how many more would you like to plan?",
        "How the world celebrates old dogs",
        "Bring the sardines",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Quiz for anyone who shares a sofa with a dog: does yours still jump up, or does he wait to be asked?\n\n"
        "Three questions. You'll know him a little better at the end.",
        "Jumps up, or waits to be asked?",
        "Take the three-question quiz",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Every rescue has a story about the day the new dog finally slept on its back. Here are nine of ours, "
        "with pictures, and the small habit their families share.",
        "Nine rescues, nine first good sleeps",
        "Pictures included",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "We followed a mail carrier in Ohio for a week. She knows 64 dogs by name, and which of them still come "
        "to the gate.\n\n'You can set a clock by some,' she says. 'Until one day you can't.'",
        "The mail carrier who knows 64 dogs",
        "A week on Route 12",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "The average dog walks past 14,000 smells in half an hour. Ours has started to read only the good ones.\n\n"
        "We thought she'd become picky.",
        "14,000 smells in thirty minutes",
        "Why some dogs start to skip",
        "LEARN_MORE",
        _PAGE,
    ),
)
