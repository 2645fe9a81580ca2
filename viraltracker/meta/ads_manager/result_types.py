"""What `Result type` and `Result indicator` count, in one vocabulary.

Source: Meta's `actions` types (`actions:offsite_conversion.fb_pixel_purchase`), which the indicator column
prints, and the labels that Ads Manager's interface gives them in English, French, Spanish and German.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# First match wins, so narrow words come before wide ones ("landing page view" before "page").
_PATTERNS: Final[tuple[tuple[str, str], ...]] = (
    ("landing_page_view", r"landing.?page|page de destination|página de destino|zielseite"),
    ("add_to_cart", r"add(s|ed)?.?to.?cart|ajouts? au panier|carrito|einkaufswagen|warenkorb"),
    ("add_payment_info", r"payment.?info|informations de paiement|información de pago|zahlungsinfo"),
    ("initiate_checkout", r"checkout|paiements? (initié|lancé)|pagos? iniciado|procesos? de pago|bezahlvorg"),
    ("purchase", r"purchase|achat|compra|käufe|kauf\b"),
    ("complete_registration", r"registration|inscription|registro|registrierung"),
    ("lead", r"\blead|_lead|prospect|clientes? potencial"),
    ("messaging_conversation", r"messaging|conversation|conversaci|unterhaltung"),
    ("app_install", r"app.?install|installation|instalaci"),
    ("thruplay", r"thruplay"),
    ("video_view", r"video.?view|video.?play|lectures?|reproduccion|videowiedergabe"),
    ("view_content", r"view.?content|content.?view|vues? de contenu|visualizaciones de contenido"),
    ("link_click", r"link.?click|clics? sur un lien|clics? sur le lien|clics? en el enlace|link-?klick"),
    ("post_engagement", r"post.?engagement|interactions? avec la publication|interacci|beitragsinteraktion"),
    ("page_like", r"page.?like|\blike$|me gusta|j.aime|gefällt"),
    ("reach", r"^(estimated )?reach$|couverture|alcance|reichweite"),
    ("impressions", r"^impressions?$|impresiones|impressionen"),
)


@lru_cache(maxsize=1024)
def normalise(label: str) -> str:
    """One of the types above, else the label itself as a name: 'Start Pledge (New)' → 'start_pledge_new'."""
    text = label.strip().casefold().removeprefix("actions:")
    for name, pattern in _PATTERNS:
        if re.search(pattern, text):
            return name
    return re.sub(r"\W+", "_", text).strip("_") or "unknown"
