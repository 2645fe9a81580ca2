"""Cues of the awareness stage: wording that presupposes what the reader already knows.

General English, British and American; none is the name of a product, a brand or a vertical. A cue argues for one stage
(or, negative weight fitted, against others); how much each argues is in `weights.json`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_DAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|tonight|midnight|noon|tomorrow|today|weekend|month[- ]end)"
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december)"
_DATE = rf"(?:{_DAY}|the \d{{1,2}}(?:st|nd|rd|th)|\d{{1,2}} {_MONTH}|{_MONTH} \d{{1,2}}|\d{{1,2}}/\d{{1,2}}|{_MONTH})"
_MONEY = r"(?:[£$€]\s?\d[\d,.]*(?:k|m|bn)?|\d[\d,.]* ?(?:dollars|pounds|euros|bucks|usd|gbp|eur))"
_NUM = r"(?:\d[\d,.]*|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|forty|fifty|hundreds?|thousands?|millions?)"
_ASSET = (
    r"(?:cart|basket|trial|account|plan|subscription|membership|streak|usual|order|policy|code|coupon|credits?|points?"
    r"|rewards?|wish ?list|booking|reservation|renewal|refill|last (?:\w+ )?(?:bag|box|order|visit|delivery|purchase|gift|stay)"
    r"|(?:monthly )?gift|sponsorship|favou?rites?|library|saved|old|link|favou?rite|delivery|service|discount|item)"
)


@dataclass(frozen=True)
class Cue:
    """`stage` is what the cue argues for; `says` completes "the opening …"."""

    name: str
    stage: str
    says: str
    pattern: re.Pattern[str]


def _cue(name: str, stage: str, says: str, *patterns: str, case: bool = False) -> Cue:
    flags = 0 if case else re.IGNORECASE
    return Cue(name, stage, says, re.compile("|".join(f"(?:{p})" for p in patterns), flags))


MOST: Final = "most_aware"
PRODUCT: Final = "product_aware"
SOLUTION: Final = "solution_aware"
PROBLEM: Final = "problem_aware"
UNAWARE: Final = "unaware"

CUES: Final = (
    _cue(
        "discount", MOST, "names a discount",
        r"\b\d{1,2}\s?% ?(?:off|discount|less|cheaper|back|savings?)", rf"{_MONEY} (?:off|less|cheaper|back|discount)\b",
        r"\bhalf[- ]price\b", r"\bbogo\b", r"\bbuy[- ](?:one|two|three|\d)\b.{0,12}\bget\b", r"\b(?:two|three|[23])[- ]for[- ](?:one|two|[12£$€])",
        rf"\bsaves? (?:up to )?(?:an? extra )?(?:{_MONEY}|\d{{1,2}}\s?%|big\b)", r"\bknock(?:ed|ing)? .{0,10}\boff\b",
        r"\bprice (?:just )?(?:drop(?:ped)?|cut|is down)", r"\blowest (?:price|it)", r"\bup to \d{1,2}\s?%", r"\bdiscount(?:ed|s)?\b",
        rf"{_MONEY} instead of {_MONEY}", rf"\bwas {_MONEY}", r"\bfee (?:is |has been )?(?:waived|gone)", r"\bwaived?\b",
        r"\bdoubled?\b.{0,30}\b(?:gift|donation|by)\b", r"\b(?:gift|donation)s?\b.{0,30}\b(?:doubled|matched|tripled)\b", r"\b[23]x match",
    ),
    _cue(
        "extra_free", MOST, "gives something on top",
        r"\b(?:month|week|year|delivery|shipping|gift|bag|box|kids|guest|upgrade|\w+s?)(?:'s|s|'re)? (?:\w+ )?free\b(?! from|dom)",
        r"\bfor (?:nothing|free)\b", r"\bon (?:us|the house)\b", r"\bfree (?:\w+ )?(?:with|when|if|shipping|delivery|express|gift|month|upgrade)\b",
        r"\bget (?:the|your|a) .{0,30}\bfree\b", r"\bthrow in\b", r"\btuck in\b", r"\bas a thank[- ]you\b", r"\bbonus\b",
    ),
    _cue(
        "sale_event", MOST, "names a sale",
        r"\b(?:flash|summer|winter|spring|autumn|fall|holiday|anniversary|warehouse|archive|end[- ]of[- ]\w+|day|friday|year|biggest|site[- ]?wide|semi[- ]annual|clearance) sale\b",
        r"\bsale\b(?! pitch| price of)", r"\bblack friday\b", r"\bcyber (?:monday|week)\b", r"\bclearance\b", r"\bearly[- ]bird\b",
        r"\blaunch price\b", r"\bsite-?wide\b", r"\b(?:lifetime|last|best|launch|weekend|holiday|exclusive) (?:deal|offer)\b", r"\bdeals?\b.{0,20}\b(?:end|close)s?",
        r"\bspecial offer\b", r"\bpromo(?:tion)?\b",
    ),
    _cue(
        "deadline", MOST, "sets a deadline",
        rf"\b(?:ends?|ending|closes?|closing|expires?|finishes|over|gone|gets?|valid) (?:\w+ ){{0,2}}(?:at |on |in |by )?(?:{_DATE}|soon)",
        rf"\b(?:until|till|before|by|through) (?:{_DATE}|\w+ {_DAY})(?:\b|\s)", rf"\b(?:only|just) (?:until|till) ", r"\blast (?:chance|call|few|day|days|hours|\d+ (?:hours|days))\b",
        r"\bfinal (?:call|hours|day|days|week|chance)\b", r"\b(?:today|tonight|this week(?:end)?|one day|one week|limited time|\d+ hours) only\b", r"\bhours? left\b",
        r"\bcloses? (?:on |at )", r"\blimited[- ]time\b", r"\bdon't miss\b", r"\bhurry\b", r"\bends (?:soon|tonight)\b", r"\blimited time\b", r"\bprices? (?:goes|go|going) up\b", r"\block in\b", r"\b(?:this|next) week(?:end)?\b",
    ),
    _cue(
        "scarcity", MOST, "says that few are left",
        r"\b(?:seats?|spots?|places?|left|remaining|tables?|slots?) (?:\w+ )?(?:left|remain(?:ing)?|to go|gone)\b", r"\b\d+ (?:seats?|spots?|left|remaining)\b",
        r"\b(?:going|selling|sold|running|run|runs|sells) (?:\w+ )?(?:fast|out|low)\b", r"\bnearly gone\b", r"\balmost gone\b", r"\bwhile (?:stocks?|supplies|it|they|sizes) lasts?\b",
        r"\bbefore (?:they|it|it's|they're) (?:sell|gone|disappear|all)", r"\blast (?:ones?|pairs?|of the)\b", r"\bfirst (?:dibs|come)\b", r"\bonly (?:make|made) \d",
    ),
    _cue(
        "restock", MOST, "announces a return or a new version",
        r"\b(?:back in|in|re)[- ]?stock(?:ed)?\b", r"\b(?:is|are|'s|'re|it's|they're) (?:finally |now |officially )?back\b(?! (?:pain|from))", r"\breturns (?:on|this|next|to)\b",
        r"\b(?:is|are|'s|it's) (?:finally )?(?:here|out|live|open)\b(?! to| for)(?: now| again|!|\.)", r"\bhere again\b", r"\b(?:just|have|has|'ve|'s) (?:landed|dropped|arrived)\b",
        r"\bnow (?:comes|in|available) in\b", r"\bout now\b", r"\blive now\b", r"\bon the shelf again\b", r"\bwait(?:ing)? ?list\b", r"\bwaiting for\b", r"\bsame again\b",
        r"\b(?:opens|starts) (?:on )?(?:" + _DAY + r")", r"\bopen again\b", r"\bback (?:by|for|again|due)\b", r"\bdrops? (?:this|on|next|today|tomorrow|" + _DAY + r")", r"\bnew (?:flavou?rs?|colou?rs?|season|drop|collection|pieces|update|episodes?)\b", r"\bthis year's\b",
    ),
    _cue(
        "own_asset", MOST, "speaks of what the reader already has with the brand",
        rf"\byour (?:\w+ ){{0,2}}{_ASSET}\b", r"\byour \d+-day\b", r"\bstill (?:thinking|deciding|open|in your|here for|free)\b", r"\bleft (?:something|it|this|these|them)\b.{0,20}\b(?:behind|cart|basket)",
        r"\byou (?:left|bought|ordered|looked at|viewed|saved|tried|came to see|were waiting|already (?:know|own|have|buy|use|love)|signed up|started|loved|asked us|sent us)\b",
        r"\byou(?:'ve| have) (?:been with|already|got|bought|ordered|earned)\b", r"\bsince (?:you|your)\b", r"\byou(?:'re| are) (?:in early|a vip|invited|almost out|running low)\b",
        r"\bthe \w+ you (?:looked|saw|liked|loved|viewed|saved|wanted)", r"\blast (?:december|time|year)\b.{0,25}\b(?:again|you|it)\b", r"\bthank you for\b",
    ),
    _cue(
        "returning_customer", MOST, "addresses a customer by the relationship",
        r"\bre-?order\b", r"\brenew(?:s|al|ing)?\b", r"\brefill\b", r"\bupgrade\b", r"\brestart\b", r"\bre-?activate\b", r"\bre-?book\b", r"\bcome back\b", r"\bwelcome back\b", r"\b(?:we )?missed you\b", r"\bmiss(?:ed)? us\b",
        r"\b(?:returning|existing|loyal|repeat|our|current) (?:customers?|regulars|members?|clients?|subscribers?|donors?|supporters?)\b", r"\bvips?\b", r"\bmembers?\b.{0,20}\b(?:only|get|early)", r"\bearly access\b", r"\brunning low\b", r"\balmost out\b", r"\bby popular demand\b", r"\bregulars\b",
        r"\brefer (?:a|another)\b", r"\bstock(?:[- ]up|ing up)\b", r"\bfill (?:the|your|up)\b", r"\btop[- ]up\b", r"\bfinish (?:check|your)", r"\bcheck(?:ing)? ?out\b", r"\bautoship\b", r"\bclients:", r"\bagain this\b",
        r"\bpick up where\b", r"\bkeep (?:going|it going|your|the)\b", r"\bcomplete your\b", r"\bswitch to annual\b", r"\bgo(?:es)? premium\b",
    ),
    _cue(
        "claim", MOST, "tells how to claim it",
        r"\b(?:use|with|enter) (?:the )?(?:code|promo)\b", r"\bcode:? ?[A-Z][A-Z0-9]{3,}", r"\bno code\b", r"\bclaim\b(?!s| they| that|ed)", r"\bredeem\b", r"\bunlock\b", r"\btap to\b", r"\breply [A-Z]{3,}", r"\badd(?:ed)? (?:it|this|free) to\b", r"\bpre-?order\b",
        r"\bbook (?:by|before|now)\b", r"\border (?:by|before|now)\b", r"\bshop now\b", r"\bgrab (?:yours|your|it)\b", r"\bsubscribe now\b", r"\bupgrade (?:now|before|today)\b", r"\bactivate\b", r"\blog in\b",
    ),
    _cue(
        "shouting", MOST, "shouts like a sale poster",
        r"🚨|‼️|⏰|⏳|🎉|🛍", r"\b(?:SALE|FLASH|OFF|FREE|BACK|RESTOCKED|NOW|LAST|FINAL|TODAY|ENDS)\b", case=True,
    ),
    _cue(
        "comparison", PRODUCT, "compares with others",
        r"\bvs\.?\b", r"\bversus\b", r"\b(?:cheaper|better|faster|lighter|quieter|stronger|longer|more \w+|heavier|softer|warmer|\w+er) than (?:the|any|a|an|its|their|your|other|most|every|what|our)\b",
        r"\btheirs?\b.{0,40}\bours?\b", r"\bours?\b.{0,60}\btheirs?\b", r"\bmost (?!people|of us|nights|days|mornings|weeks|months|likely|common)\w+s\b.{0,60}", r"\bother(?:s| brands| apps| companies| makers| tools| ones)\b",
        r"\brivals?\b", r"\bcompetitors?\b", r"\bunlike\b", r"\beveryone else (?:does|charges)\b", r"\bcheap ones\b", r"\b(?:switch|switched|switching|left|leave|leaving|moved|moving) (?:\w+ ){0,4}(?:to|for|from)\b",
        r"\breplaces? \w+ (?:tools|apps|products)\b", r"\bbeats?\b", r"\binstead of (?:the|your|a|nine|\d)", r"\bcompared (?:to|with)\b", r"\bside by side\b", r"\bleft:.{0,60}right:",
    ),
    _cue(
        "ratings", PRODUCT, "shows ratings or users",
        r"⭐|★", r"\b\d(?:\.\d)? (?:stars?|out of (?:5|five|10|ten))\b", r"\b(?:five|four)[- ]stars?\b", r"\b\d[\d,.]*\+? (?:\w+ ){0,2}(?:reviews?|ratings?|customers?|users?|families|owners?|people|members?|women|men|parents?|teams?|agencies|companies|businesses|teachers|nurses|dentists|doctors|vets|graduates|students|players|couples|households|homes|shops|restaurants|clients?|donors?)\b",
        r"\breviews?\b", r"\breviewed\b", r"\brated\b", r"\brating\b", r"\btrusted by\b", r"\bloved by\b", r"\b(?:used|worn|recommended|chosen|approved|backed|named|ranked|voted|picked) by\b", r"\bawards?\b", r"\baward-winning\b",
        r"\bas seen (?:in|on)\b", r"\bfeatured in\b", r"\bbest[- ]sell(?:er|ing)\b", r"\b#1\b", r"\bcase stud(?:y|ies)\b", r"\btestimonials?\b", r"\bvoted\b", r"\branked\b",
    ),
    _cue(
        "tested", PRODUCT, "gives proof by a test or figures",
        r"\b(?:we|independently|lab|clinically|third[- ]party|dermatologist|vet|crash)[- ](?:\w+ )?(?:tested|proven|trialled|formulated|dropped|dragged|asked|took|left|drove|filmed|weighed|compared|measured|counted)\b", r"\btested\b", r"\bproven\b", r"\bblind (?:taste )?test\b",
        r"\btest rig\b", r"\bsurvey(?:ed)?\b", r"\btrial of\b", r"\bcertified\b", r"\bpatented\b", r"\baudited\b", r"\bcleared\b", r"\b\d{1,3}(?:\.\d+)?\s?% of (?:claims|our|owners|users|customers|people|women|men|parents|members|students|clients|graduates|buyers|guests)\b",
        r"\b(?:\d+|nine|eight|seven) (?:in|out of) (?:\d+|ten) (?:\w+ ){0,2}(?:said|say|would|people who|reported|agreed|owners|users|women|customers|still|finished|came|parents)\b", r"\bsurvived?\b", r"\bevery (?:batch|one of|claim|result)\b", r"\breports?\b.{0,20}\b(?:online|public|below)\b", r"\bscor(?:ed|es?|ing)\b", r"\bstudy\b", r"\bpass rate\b", r"\bguarantee[ds]?\b", r"\bmoney[- ]back\b", r"\bmoney back\b", r"\bpromise\b", r"\bwhat(?:'s| is) inside\b", r"\bweek \d\b", r"\bwatch\.", r"\bfull report\b", r"\bproof\b", r"\bresults? (?:in|after)\b",
    ),
    _cue(
        "objection", PRODUCT, "answers an objection",
        r"\bwhy (?:would|should) (?:i|you|anyone)\b", r"\bwhy (?:do|does|did|are|is) (?:our|we|\d)", r"\bisn't (?:a|an|it|that|this)\b.{0,60}\?", r"\bworth (?:it|the|\w+)\b", r"\b(?:does|do|will|can|could) (?:it|the|this|that|they)\b.{0,50}\?", r"\bdoes it (?:really|actually)\b",
        r"\bwhat (?:about|if)\b.{0,40}\?", r"\btoo (?:good|expensive|\w+) to be\b", r"\b(?:scam|catch|gimmick|overpriced|hype[d]?|skeptical|sceptical|doubts?)\b", r"\bthe catch\b", r"\bwe get it\b", r"\byou asked\b", r"\bwe've heard\b", r"\bpeople (?:say|ask)\b",
        r"\bnobody believes\b", r"\bhow (?:can|do) (?:we|it|they|you)\b.{0,50}\?", r"\bsound(?:s)? too\b", r"\bi (?:didn't|did not) (?:believe|think)\b", r"\bwhy pay\b", r"\bwhere does your\b", r"\bhonest(?:ly)? (?:answer|comparison|review)\b", r"\bis it (?:really|safe|legit)\b", r"\bcan you (?:handle|really)\b", r"\bwon't it\b", r"\bwill (?:it|the|they)\b.{0,40}\?",
    ),
    _cue(
        "introduces", PRODUCT, "introduces the product",
        r"^\W*(?:introducing|meet|this is|say hello to|announcing|presenting|new:)\b", r"\bthe only\b", r"\b(?:the )?(?:world's|uk's|america's) (?:first|most|best|only|#1)\b", r"\bthe first\b.{0,30}\bthat\b", r"\bhere(?:'s| is) (?:what's in|how (?:our|it) works|what our|the (?:data|register))\b",
        r"\bno (?:commission|middlemen|markup)\b", r"\bour (?:secret|promise|guarantee|formula|own)\b", r"\b(?:it|that) costs? (?:a|less|half|about)\b",
    ),
    _cue(
        "testimonial", PRODUCT, "quotes a customer",
        r"[\"“][^\"”]{8,}[\"”]\s*[–—-]\s*[A-Z]", r"^\W*[\"“](?:i|we|my|it|they|this|honestly|finally|best)\b[^\"”]{6,}[.!][\"”]", r"\bthe only one i\b", r"\bi(?:'d| had)? (?:tried|spent|deleted|switched|returned)\b", r"\bi was (?:skeptical|sceptical|convinced)\b", r"\bgame[- ]changer\b",
    ),
    _cue(
        "wanting", SOLUTION, "presupposes that the reader wants this",
        r"\b(?:want|wanna|wish|hoping|looking|ready|need|trying) (?:to|for|a|an|your|some|more|the)\b", r"\b(?:thinking (?:about|of)|dreaming of|shopping for|searching for|in the market|considering|choosing|comparing|picking|planning|hiring|finding)\b", r"\bhunting for\b", r"\bmore .{0,30}\bfor less\b",
    ),
    _cue(
        "how_to", SOLUTION, "offers to show how or which",
        r"\bhow (?:to|do you|much|many|long|should you|can you)\b", r"\bwhat to (?:look|ask|check|know|buy|pack|wear|do)\b", r"\bwhich (?:is|one|\w+)\b.{0,50}\b(?:better|best|right|wins?|suits?|for)\b", r"\bwhat (?:should|do|does|makes)\b.{0,60}\b(?:cost|be in|need|good)\b", r"\b(?:buyer's|free|step-by-step|complete|ultimate|\w+-minute|simple|short|plain|our|effective \w+) guide\b", r"\bguide to\b",
        r"\bchecklist\b", r"\bcheat ?sheet\b", r"\bscorecard\b", r"\btemplates?\b", r"\bcalculator\b", r"\bwebinar\b", r"\bworkbook\b", r"\be-?book\b", r"\btutorial\b", r"\btips\b", r"\bquestions to ask\b", r"\bhere's (?:how|what to)\b", r"\b(?:best|easiest|simplest|fastest|smartest|quickest|cheapest|better|simple|easy|smart|right) ways? to\b", r"\bcompared\b", r"\blearn (?:how|to)\b", r"\bthe (?:best|most effective|right|perfect) \w+ (?:for|are|is|achieve|can)\b", r"\b(?:secrets?|steps|ways|recipe) (?:to|for)\b", r"\b\w+ or (?:a )?\w+ for\b",
    ),
    _cue(
        "category", SOLUTION, "leads with a kind of product and what sets it apart",
        r"\bwithout (?:the|a|an|\w+ing|any|all)\b", r"\bminus the\b", r"\bno \w+(?: \w+)?[,.] (?:no|just|never)\b", r"\bthat (?:actually|really|doesn't|don't|does|fits?|lasts?|stays?|works?|tastes?|turns?|disappears?|looks?|feels?|goes)\b", r"^[^.?!,]{0,60}\bfor (?:people|teams?|kids|curious|small|busy|every|anyone|women|men|dogs?|cats?|families|beginners|over|those|sensitive|new|large|small|homes?|agencies|business(?:es)?|couples|runners|adults|children|the whole)\b",
        r"\bby subscription\b", r"\bdelivered\b", r"\bto your door\b", r"\bon the doorstep\b", r"\b(?:made|roasted|pressed|cooked|sewn|baked|designed|built|portioned|brewed|woven) (?:to|from|for|in|on|by)\b", r"\bnear you\b", r"\bin your (?:area|postcode|town|city|zip)\b", rf"\bfrom (?:just )?{_MONEY}", rf"\b{_MONEY}(?:/| a | per )(?:month|mo|week|day|year|seat|head)\b", r"\b\d+[ -]?(?:pack|tabs|capsules|sessions|lessons|courses|spf|ml|kg|litres?)\b",
        r"\baffordable\b", r"\bprofessional\b", r"\blocal (?:prices|experts|pros|quotes)\b", r"\bquotes?\b(?! from my)", r"\bonline (?:classes|course|lessons|therapy|degree)\b", r"\bsoftware\b", r"\bapp (?:for|that)\b", r"\bservices?\b(?! in \d)", r"\bsubscription\b", r"\bclasses\b", r"\binstalled\b", r"\bget matched\b",
    ),
    _cue(
        "outcome", SOLUTION, "promises an outcome to reach",
        r"^\W*(?:get|give|become|learn|build|make|start|track|sell|grow|earn|lose|turn|create|master|save|speak|play|sleep|cook|join|find|see|run|design|transform|boost|reach|retire|buy|book|invest|own|switch|discover|find|take|plan|automate|launch|write|hire|protect|keep|enjoy|bring|help|sponsor|adopt|volunteer|send|compare|use)\b(?! your (?:streak|order|trial|plan))",
        r"\bin (?:just |under |only |as little as )?(?:\d+|one|two|three|five|six|seven|ten|twelve|\w+) (?:minutes?|hours?|days?|weeks?|months?|sessions|taps|clicks|steps)\b", r"\byour first\b", r"\bfinally\b", r"\bso (?:you|that you) can\b", r"\bdo the rest\b", r"\beven if you\b", r"\bwithout (?:leaving|giving|meeting|spending|quitting|going|having)\b", r"\bfrom (?:zero|home|scratch|your)\b", r"\bby (?:christmas|summer|spring)\b", r"\bbigger (?:impact|difference)\b", r"\bmake an? (?:difference|impact)\b", r"\bhomeowners?:", r"\bat home\b",
    ),
    _cue(
        "bodily_pain", PROBLEM, "names a pain or symptom",
        r"\b(?:pain(?:s|ful)?|ach(?:e|es|ing|y)|hurts?|hurting|sore|soreness|stiff(?:ness)?|cramps?|itch(?:y|ing|es)?|rash(?:es)?|swollen|swelling|bloat(?:ed|ing)?|nausea|migraines?|headaches?|heartburn|numb(?:ness)?|tingling|burning|throbbing|inflam\w+|acne|spots?|bumps?|wrinkles|dry|flak(?:y|ing)|crack(?:ed|ing|s|le)?|blisters?|fatigued?|exhausted|exhaustion|tired(?:ness)?|wak(?:e|es|ing) up|awake|insomnia|sleepless|snoring|anxi(?:ety|ous)|panic|depress\w+|racing|dizzy|hair loss|thinning|shedding|cough\w*|sneez\w+|allerg\w+|limp(?:ing|s)?|scratching|licking|crash(?:es)?|foggy|brain fog|cravings|hot flashes|weight gain|discomfort|symptoms?|sensitiv\w+|twinges?|bleed\w*|wobbl\w+|trembl\w+|creak\w*|sting\w*|stuffy|sweat\w*|odou?r|smelly|stink\w*)\b",
    ),
    _cue(
        "trouble", PROBLEM, "names a trouble",
        r"\b(?:problems?|struggl\w+|stuck|frustrat\w+|annoy\w+|stress\w*|worr(?:y|ied|ies|ying)|overwhelm\w*|dread\w*|embarrass\w*|guilt\w*|asham\w+|lonel\w+|afraid|scared|fear|nightmare|hassle|chaos|mess(?:y)?|awkward|waste[ds]?|wasting|los(?:e|es|ing|t)|leak\w*|broken?|breaks?|breakdown|fail\w*|wrong|worse|worst|bad|late|overdue|missed|missing|behind|forgot\w*|forget\w*|ruin\w*|damage\w*|debts?|interest|overdraft|bills?|fees?|fines?|penalt\w+|expensive|overpa\w+|rising|soaring|rejected|denied|ignored|ghosted|called in sick|cancel(?:led|s)|tears|crying|tantrums?|fight\w*|argu\w+|yelling|barking|chewed|mould|mold|damp|rust\w*|stains?|clogged|noise|noisy|draughty?|drafty|freezing|stone cold|empty|hollow|sludge|bites?)\b",
        r"\bcosts? (?:you|about|the average|us)\b", r"\bgo(?:es|ing)? (?:up|wrong|down)\b", r"\bfalls? apart\b", r"\bruns? out\b", r"\bnobody'?s? (?:book\w+|buy\w+|talk\w+|read\w+|call\w+)\b", r"\bsecret(?:ly)? (?:cost|kill)\w*",
    ),
    _cue(
        "suffering", PROBLEM, "names a need in the world",
        r"\b(?:hungry|hunger|starv\w+|malnutrition|malnourished|famine|homeless\w*|poverty|refugees?|disaster|earthquake|flood(?:s|ed|ing)?|drought|disease|malaria|cancer|dying|dies|deaths?|killed|abandon\w+|abuse[ds]?|cruelty|neglect\w*|endangered|extinct\w*|emergency|crisis|suffer\w*|violence|war|chok(?:e|es|ing)|polluti\w+|slaughter\w*|polluted|threat\w*|injustice|dirty water|no clean|no (?:home|school|food|water|shelter|bed)|ill|injured|lost (?:her|his|their) (?:home|mother|father|family))\b",
    ),
    _cue(
        "fed_up", PROBLEM, "voices that the reader is fed up",
        r"\b(?:sick|tired|fed up|exhausted|bored|done) (?:and tired )?(?:of|with)\b", r"\bsound familiar\b", r"\bagain\?", r"\bno matter (?:how|what)\b", r"\byou(?:'ve| have) (?:tried|painted|been told|spent)\b", r"\bno more\b", r"\bstill (?:can't|not|struggling|waiting|paying|using|stuck|waking|hungry|tired)\b", r"\bnever (?:seems?|enough|works?|goes)\b", r"\balways (?:seems?|ends?|late|tired)\b", r"\bevery (?:single )?(?:night|morning|time|month)\b", r"\bstop (?:losing|wasting|paying|suffering|struggling|fighting|guessing|scrolling|lifting)\b", r"\bwhy (?:does|do|is|are|won't|can't) (?:your|you|my|it)\b", r"\b[ap]\.?m\.",
    ),
    _cue(
        "not_your_fault", PROBLEM, "takes the blame off the reader",
        r"\bnot (?:your fault|lazy|dumb|alone|crazy|just you|doing it wrong)\b", r"\byou(?:'re| are) not\b", r"\bisn't (?:laziness|age|your|just|you|being|the)\b", r"\bit(?:'s| is) not (?:you|your|just|age)\b", r"\bthat(?:'s| is)n?'?t? (?:a sign|because|not|just)\b", r"\bhere's why\b", r"\b(?:usual|real|hidden|root|common) (?:suspect|cause|reason|culprit)\b", r"\bcaused by\b", r"\bwhat(?:'s| is) (?:really )?(?:going on|causing|wrong)\b",
    ),
    _cue(
        "cannot", PROBLEM, "says what cannot be done",
        r"\b(?:can't|cannot|can not|won't|couldn't|unable|hard to|difficult to|don't know|doesn't know|not enough|too (?:much|many|late|tired|busy|small|hot|cold|tight)|barely|hardly|nothing (?:works|helps)|stopped (?:using|eating|working))\b",
    ),
    _cue(
        "prevalence", PROBLEM, "says how many are affected",
        r"\b(?:one|1|two|2|three|3|\d+) (?:in|out of) (?:\d+|two|three|four|five|six|ten|every)\b(?! (?:said|owners|women who|people who))", r"\baffects?\b", r"\b\d{1,3}\s?% of (?!claims|our)\w+", r"\b(?:half|most|almost half|a third|millions|\d+ million) (?:of )?(?:all )?(?:adults|people|women|men|homes|dogs|cats|children|parents|drivers|homeowners|us)\b(?! (?:love|use|chose|trust))", r"\bthe average \w+ (?:\w+ )?(?:loses|spends|wastes|pays|costs)\b", r"\blose an average\b", r"\bup a third\b",
    ),
    _cue(
        "narration", UNAWARE, "tells a story",
        r"\b(?:he|she|they|i|we|nobody|everyone|someone|who|it|that|dad|mum|mom|\w+er) (?:was|were|had|said|told|asked|walked|looked|found|left|took|came|went|stopped|opened|wrote|thought|laughed|knew|gave|made|started|quit|called|got|saw|kept|built|bought|picked|drove|sent|heard|married|lived|died|moved|woke|wore)\b",
        r"\b(?:in|since|by|until) (?:1[5-9]\d\d|20[0-2]\d)\b", r"\b\d+ (?:years?|months?|weeks?|days?) (?:ago|later|before|earlier)\b", r"\bone (?:day|night|morning|afternoon|evening)\b", r"\b(?:once|used to be)\b", r"\blast (?:summer|winter|spring|autumn|fall|tuesday|week)\b", r"\bon a \w+(?:day)? (?:night|morning|afternoon)\b", r"\bwhen (?:i|he|she|my|the) \w+ed\b", r"\bthen (?:the|one|she|he|they|i)\b", r"\b(?:grew up|years old|was born)\b", r"\b(?:told|laughed|thought|whispered|smiled|shouted|noticed|refused|vanished|belonged)\b",
    ),
    _cue(
        "people", UNAWARE, "is about a third person",
        r"\b(?:he|she|his|her|him)\b", r"\bmy (?:\w+ )?(?:wife|husband|mother|mom|mum|dad|father|son|daughter|boss|neighbou?r|brother|sister|grand\w+|friend|dog|cat|ex|mother-in-law|roommate|barber|doctor|dentist)\b", r"\b(?:a|an|one|two) (?:\d+-year-old |retired |young |old |french |japanese |swedish |german |italian |\w+ )?(?:man|woman|boy|girl|teacher|farmer|nurse|driver|postman|doctor|engineer|monk|couple|pharmacist|fisherman|carpenter|stranger|scientist|manager|chef|accountant|mechanic|soldier|sailor|student|kid|grandmother|veteran|mom|dad|truck driver)\b", r"\b[A-Z][a-z]+ (?:is|was) (?:\w+ )?(?:years old|\d+|eight|nine|ten|six|seven)\b",
    ),
    _cue(
        "curiosity", UNAWARE, "opens a curiosity gap",
        r"\bwhat (?:happened|they|she|he|happens) (?:next|found|did|saw|said)?\b", r"\bsecrets?\b", r"\bnobody (?:knows?|believed|could|else|expected|talks|noticed|spoke)\b", r"\bno one (?:knows?|believed|expected|talks|told)\b", r"\bsurpris\w+\b", r"\b(?:weird|strange|odd|unusual|bizarre|shocking|forgotten|mysterious|quietly|curious) \w+\b", r"\bdid you (?:know|spot|find|see|notice)\b", r"\bdoctors hate\b", r"\bdoing this\b", r"\bthis (?:one|simple|weird|little|odd|ancient|old|strange)\b", r"\bmost people (?:go|don't|never|get|think|can't|have no)\b", r"\bonly \d+\s?% (?:of )?(?:people|can)\b", r"\b(?:about to|you won't believe|you'll never|wait (?:for|till|until)|never guess|here's what it was|guess)\b", r"\bthere was a reason\b", r"\bthere(?:'s| is| are| was) (?:a|an|one|something|two|three)\b", r"\bthe reason\b", r"\bword for\b", r"\bnobody over\b", r"\brules?\b",
    ),
    _cue(
        "play", UNAWARE, "plays: a joke, a quiz, an identity",
        r"^\W*pov\b", r"\bbe honest\b", r"\bquiz\b", r"\bpick (?:a|one|your)\b", r"\btag (?:a|someone|your)\b", r"\b(?:tell me|type of person|kinds? of (?:people|person))\b", r"\bthings (?:i|we|you|nobody)\b", r"\b(?:monday|dog|cat|morning|\w+day) people\b", r"\bif you (?:know|grew up|remember|could|had to|were)\b", r"\bimagine\b", r"\bwhat would you\b", r"\bremember when\b", r"\bwhen (?:did|was) (?:you|the last)\b", r"\bever (?:wonder\w*|notice\w*|seen|met)\b", r"\bwhat do .{0,50} have in common\b", r"\bdear\b", r"\bunpopular opinion\b", r"^\W*attention\b", r"\bneeds? to (?:see|read|hear) this\b", r"\b(?:born|raised) (?:between|in|before)\b", r"\bhappy \w+day\b", r"\bwho else\b",
    ),
)
