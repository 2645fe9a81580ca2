"""Copies for people who want a known outcome or weigh kinds of remedies, without a brand in mind."""

from __future__ import annotations

from viraltracker.sandbox.demo.copy.shape import Copy

_STAGE = "solution_aware"
_PAGE = "hip-and-joint-chews"

SOLUTION_AWARE: tuple[Copy, ...] = (
    Copy(
        _STAGE,
        "Glucosamine alone isn't enough. The research on joint supplements for dogs points to three things working "
        "together: glucosamine, green-lipped mussel and omega-3. Check the label of whatever you use today.",
        "What a joint supplement should contain",
        "Three ingredients to look for",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Pills, powders, oils or chews? We tried hiding all four from a very suspicious Beagle.\n\n"
        "Only one kind of joint supplement was finished every single day.",
        "Pills vs. powders vs. chews",
        "Which one dogs really take",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "How to keep a senior dog moving without daily painkillers: the right weight, short walks often, and a joint "
        "supplement with a real dose. Here is how to choose one.",
        "Keep them moving, naturally",
        "How to choose a joint supplement",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Most soft chews on the shelf hold less than a third of the glucosamine used in studies. Turn the bag over "
        "and divide by your dog's weight. Surprised?",
        "Is your dog's dose too small?",
        "Check milligrams per pound",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Want your dog back on the long route? A daily joint chew is the easiest habit you can start: no pills in "
        "cheese, no powder left in the bowl, about six weeks to see it work.",
        "Back on the long route",
        "One chew a day, six weeks",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Green-lipped mussel is having a moment, for good reason. It carries omega-3s most fish oils don't, and dogs "
        "think it's a treat. What to look for in a mussel supplement:",
        "Why vets talk about green-lipped mussel",
        "The omega-3 dogs enjoy",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Laser, hydrotherapy, injections, supplements: we priced a year of each option for a 60-pound dog with stiff "
        "hips. The cheapest one was also the one owners kept up.",
        "What joint care costs in a year",
        "Four options, priced",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Looking for natural mobility support without fillers? Skip anything with corn syrup in the first five "
        "ingredients, and look for a batch test you can read.",
        "Joint support without the fillers",
        "How to read the label",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "The goal: stairs without a pause by Christmas. The plan: less weight, more short walks, and a mobility "
        "chew every morning. Here is the six-week calendar we give to owners.",
        "Stairs without a pause by Christmas",
        "The six-week mobility plan",
        "DOWNLOAD",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Turmeric, CBD, collagen, glucosamine. Everyone has a theory about joint support for dogs, so we read the "
        "trials so that you don't have to. Two of the four hold up.",
        "Two of these four work",
        "Joint ingredients, compared",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "A good hip and joint chew should smell like dinner, not like a pharmacy. If your dog spits it out, the best "
        "formula in the world does nothing.",
        "If they spit it out, it can't work",
        "Joint chews dogs ask for",
        "SHOP_NOW",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Started early, daily joint care can keep cartilage healthy for years. Vets suggest age five for big breeds "
        "and seven for small ones. Is it time to start yours?",
        "When to start joint care",
        "By size and age",
        "LEARN_MORE",
        _PAGE,
    ),
    Copy(
        _STAGE,
        "Want to try a joint chew before you commit to one? Fourteen days of any mobility supplement tells you two "
        "things: does he eat it, and does he get up easier.",
        "Try a joint chew for 14 days",
        "Small pack, no subscription",
        "SHOP_NOW",
        "trial-pack",
    ),
    Copy(
        _STAGE,
        "Comparing mobility supplements? Buy small first. A two-week pack costs less than the bag of powder sitting "
        "unused in your cupboard.",
        "Compare before you commit",
        "A two-week mobility pack",
        "SHOP_NOW",
        "trial-pack",
    ),
)
