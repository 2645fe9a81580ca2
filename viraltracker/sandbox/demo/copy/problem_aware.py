"""Copies that open on a pain or symptom the owner already sees."""

from __future__ import annotations

from viraltracker.sandbox.demo.copy.shape import Copy

_STAGE = "problem_aware"
_PAGE = "why-dogs-slow-down"

PROBLEM_AWARE: tuple[Copy, ...] = (
    Copy(
        _STAGE,
        "Stiff after every nap? Slow on the first three stairs?\n\n"
        "That isn't 'just getting old'. In most dogs over seven it is the joints asking for help, and the earlier "
        "you listen the more good walks are left.",
        "It isn't just old age",
        "Signs of sore joints, explained",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "She stopped jumping into the car in March. By May I was lifting 32 kilos of Golden Retriever twice a day "
        "and telling myself it was laziness.\n\nIt was her hips.",
        "She wasn't lazy. It was her hips.",
        "What we wish we'd known",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Is your dog limping after a long walk, then fine by dinner? Limping that comes and goes is the kind owners "
        "wait out, and the kind that gets worse quietly.",
        "The limp that comes and goes",
        "Why waiting makes it worse",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "The stairs have become a negotiation. One paw, a pause, a look back at you.\n\n"
        "If your senior dog hesitates where he used to run, his joints may be hurting more than he lets on.",
        "When stairs become a negotiation",
        "Four signs of joint pain",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "You hear it before you see it: the little grunt when he lies down.\n\n"
        "Dogs hide pain for as long as they can. That grunt is often the first thing they can't hide.",
        "That little grunt means something",
        "Dogs hide pain. Here's how to see it.",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Cold mornings are the worst. Ten minutes to get going, a stiff back end, and that look.\n\n"
        "Winter doesn't cause sore joints, but it tells you which dogs have them.",
        "Stiff on cold mornings?",
        "What the cold is telling you",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "He still wants to chase the ball. His back legs don't.\n\n"
        "If your dog sits down halfway through a game he used to win, something hurts, and he can't say so.",
        "He wants to play. His legs don't.",
        "Why active dogs slow down",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Slipping on the kitchen floor isn't clumsiness. Weak, aching hips make smooth floors frightening, and a "
        "frightened dog moves less, which makes the hips weaker still.",
        "Slipping on the kitchen floor?",
        "The circle that steals their strength",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "One in five adult dogs lives with arthritis. Most owners find out two years late, because it starts with "
        "small things: licking a wrist, skipping a jump, sleeping more.",
        "1 in 5 dogs. Is yours one?",
        "The early signs of arthritis",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "I cried in the parking lot of the vet. 'Her knees are ten years older than she is,' he said.\n\n"
        "I had been walking her twice a day on joints that hurt with every step.",
        "Every step was hurting her",
        "Maggie's story",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Does your dog lick the same joint again and again? Constant licking of a wrist or knee is a common sign of "
        "soreness underneath, and it's easy to mistake for boredom.",
        "Always licking the same spot?",
        "It may not be boredom",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Big dogs carry big weight on small joints. If your shepherd, lab or dane gets up in two stages, his elbows "
        "and hips are already working harder than they should.",
        "Big dogs, sore elbows",
        "What large breeds go through",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Nothing prepares you for the day your best friend can't get up by himself. If he's struggling today, don't "
        "wait for that day.",
        "Struggling to get up?",
        "Help for stiff senior dogs",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Walks cut short again? When a dog who did five miles now turns round at the mailbox, sore joints are the "
        "first thing to rule out.",
        "Turning round at the mailbox",
        "Sore joints, short walks",
        "SHOP_NOW",
        "trial-pack",
    ),
    Copy(
        _STAGE,
        "That click in his knee when he stands. The way he shifts off his left leg. You've noticed; he's in "
        "discomfort, and fourteen days is long enough to see if it can ease.",
        "The click you keep hearing",
        "See the difference in 14 days",
        "SHOP_NOW",
        "trial-pack",
    ),
)
