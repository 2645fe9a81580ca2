"""The words Ads Manager puts over its columns, as data.

Source: the column names of the Ads Manager interface, which an export repeats in the language of whoever
exported it (English, French, Spanish, German), with the variants seen across its versions and the few short
names people give columns when they build a sheet themselves. `a | b` are alternatives. Compared without case,
accents, currency or spacing, so `Amount spent (USD)` and `AMOUNT SPENT` are the same words.
"""

from __future__ import annotations

from typing import Final

# field → language → alternatives
FIELDS: Final[dict[str, dict[str, str]]] = {
    "account_id": {
        "en": "account id | ad account id",
        "fr": "identifiant du compte | identifiant de compte | n° du compte",
        "es": "identificador de la cuenta",
        "de": "konto-id | werbekonto-id",
    },
    "account_name": {
        "en": "account name | ad account name",
        "fr": "nom du compte",
        "es": "nombre de la cuenta",
        "de": "kontoname | name des werbekontos",
    },
    "campaign_id": {
        "en": "campaign id",
        "fr": "identifiant de la campagne | identifiant de campagne | id de la campagne | n° de la campagne",
        "es": "identificador de la campaña | id de la campaña",
        "de": "kampagnen-id | kampagnen id",
    },
    "campaign_name": {
        "en": "campaign name | campaign",
        "fr": "nom de la campagne | nom de campagne | campagne",
        "es": "nombre de la campaña | nombre de campaña | campaña",
        "de": "kampagnenname | name der kampagne | kampagne",
    },
    "ad_set_id": {
        "en": "ad set id | adset id",
        "fr": "identifiant de l'ensemble de publicités | id de l'ensemble de publicités "
        "| n° de l'ensemble de publicités",
        "es": "identificador del conjunto de anuncios | identificador del conjunto | id del conjunto de anuncios",
        "de": "anzeigengruppen-id | anzeigengruppen id",
    },
    "ad_set_name": {
        "en": "ad set name | adset name | ad set",
        "fr": "nom de l'ensemble de publicités | ensemble de publicités",
        "es": "nombre del conjunto de anuncios | conjunto de anuncios",
        "de": "anzeigengruppenname | name der anzeigengruppe | anzeigengruppe",
    },
    "ad_id": {
        "en": "ad id",
        "fr": "identifiant de la publicité | id de la publicité | n° de la publicité",
        "es": "identificador del anuncio | id del anuncio",
        "de": "anzeigen-id | anzeigen id",
    },
    "ad_name": {
        "en": "ad name | ad",
        "fr": "nom de la publicité | publicité",
        "es": "nombre del anuncio | anuncio",
        "de": "anzeigenname | name der anzeige | anzeige",
    },
    "primary_text": {
        "en": "text | primary text | body | body (ad settings) | ad body | body text",
        "fr": "texte | texte principal | corps | texte de la publicité",
        "es": "texto | texto principal | cuerpo | texto del anuncio",
        "de": "primärer text | haupttext | anzeigentext",
    },
    "headline": {
        "en": "headline | headline (ad settings) | title | title (ad settings) | ad title",
        "fr": "titre",
        "es": "título",
        "de": "überschrift | titel",
    },
    "description": {
        "en": "description | link description | link description (ad settings)",
        "fr": "description du lien",
        "es": "descripción | descripción del enlace",
        "de": "beschreibung | link-beschreibung",
    },
    "date_from": {
        "en": "reporting starts | reporting start | report start | report starts",
        "fr": "début des rapports | début du rapport | début de la période de rapport",
        "es": "inicio del informe | inicio de los informes",
        "de": "berichtsstart | auswertungsstart | auswertungsbeginn | beginn des berichtszeitraums",
    },
    "date_to": {
        "en": "reporting ends | reporting end | report end | report ends",
        "fr": "fin des rapports | fin du rapport | fin de la période de rapport",
        "es": "fin del informe | fin de los informes",
        "de": "berichtsende | auswertungsende | ende des berichtszeitraums",
    },
    "day": {"en": "day", "fr": "jour", "es": "día", "de": "tag"},
    "span": {
        "en": "week | month | 2 weeks",
        "fr": "semaine | mois",
        "es": "semana | mes",
        "de": "woche | monat",
    },
    # Ads Manager never writes `Date`: a column somebody added, believed only where it behaves like a day.
    "date": {"en": "date", "es": "fecha", "de": "datum"},
    "currency": {"en": "currency", "fr": "devise", "es": "divisa | moneda", "de": "währung"},
    "attribution_setting": {
        "en": "attribution setting",
        "fr": "paramètre d'attribution",
        "es": "configuración de atribución",
        "de": "attributionseinstellung | attributions-einstellung",
    },
    "result_type": {
        "en": "result type",
        "fr": "type de résultat | type de résultats",
        "es": "tipo de resultado | tipo de resultados",
        "de": "ergebnistyp | ergebnisart | art des ergebnisses",
    },
    "result_indicator": {
        "en": "result indicator",
        "fr": "indicateur de résultats | indicateur de résultat",
        "es": "indicador de resultado | indicador de resultados",
        "de": "ergebnisindikator | ergebnis-indikator",
    },
    "impressions": {
        "en": "impressions",
        "es": "impresiones",
        "de": "impressionen",
    },
    "spend": {
        "en": "amount spent | spend | spent",
        "fr": "montant dépensé | dépenses",
        "es": "importe gastado | gasto",
        "de": "ausgegebener betrag | ausgaben",
    },
    "reach": {
        "en": "reach",
        "fr": "couverture | portée",
        "es": "alcance",
        "de": "reichweite",
    },
    "clicks": {
        "en": "clicks (all) | clicks",
        "fr": "clics (tous)",
        "es": "clics (todos)",
        "de": "klicks (alle) | klicks",
    },
    "link_clicks": {
        "en": "link clicks | website clicks",
        "fr": "clics sur un lien | clics sur le lien",
        "es": "clics en el enlace | clics en enlaces",
        "de": "link-klicks | linkklicks",
    },
    "outbound_clicks": {
        "en": "outbound clicks",
        "fr": "clics sortants",
        "es": "clics salientes | clics de salida",
        "de": "ausgehende klicks",
    },
    "landing_page_views": {
        "en": "landing page views | website landing page views",
        "fr": "vues de page de destination | vues de la page de destination",
        "es": "visitas a la página de destino",
        "de": "landingpage-aufrufe | zielseitenaufrufe | landing page-aufrufe",
    },
    "adds_to_cart": {
        "en": "adds to cart | add to cart | website adds to cart",
        "fr": "ajouts au panier",
        "es": "artículos agregados al carrito | artículos añadidos al carrito",
        "de": "in den einkaufswagen | artikel in den einkaufswagen gelegt | in den warenkorb",
    },
    "checkouts": {
        "en": "checkouts initiated | initiated checkouts | website checkouts initiated",
        "fr": "paiements initiés | paiements lancés",
        "es": "pagos iniciados | procesos de pago iniciados",
        "de": "checkouts eingeleitet | begonnene checkouts | gestartete bezahlvorgänge",
    },
    "purchases": {
        "en": "purchases | purchase | purchases (all) | total purchases | approved conversion",
        "fr": "achats",
        "es": "compras",
        "de": "käufe",
    },
    "purchases.website": {
        "en": "website purchases",
        "fr": "achats sur le site web | achats sur un site web",
        "es": "compras en el sitio web",
        "de": "website-käufe | käufe auf der website",
    },
    "purchases.meta": {
        "en": "meta purchases | on-facebook purchases",
        "fr": "achats sur meta",
        "es": "compras en meta",
        "de": "käufe auf meta",
    },
    "purchases.app": {
        "en": "in-app purchases | mobile app purchases",
        "fr": "achats dans l'application",
        "es": "compras en la aplicación",
        "de": "in-app-käufe",
    },
    "purchase_value": {
        "en": "purchases conversion value | purchase conversion value | purchases value",
        "fr": "valeur de conversion des achats | valeur de conversion d'achat",
        "es": "valor de conversión de compras | valor de conversión de las compras",
        "de": "conversion-wert von käufen | conversion-wert für käufe | kauf-conversion-wert",
    },
    "purchase_value.website": {
        "en": "website purchases conversion value | website purchase conversion value",
        "fr": "valeur de conversion des achats sur le site web",
        "es": "valor de conversión de compras en el sitio web",
        "de": "conversion-wert von website-käufen",
    },
    "purchase_value.meta": {
        "en": "meta purchase conversion value | on-facebook purchases conversion value",
    },
    "purchase_value.app": {
        "en": "in-app purchases conversion value | mobile app purchases conversion value",
    },
    "results": {
        "en": "results",
        "fr": "résultats",
        "es": "resultados",
        "de": "ergebnisse",
    },
    "leads": {
        "en": "leads",
        "fr": "prospects",
        "es": "clientes potenciales",
    },
    "conversions": {"en": "total conversion | total conversions"},
    "video_3s": {
        "en": "3-second video plays | 3 second video plays | 3-second video views",
        "fr": "lectures de vidéo de 3 secondes | lectures vidéo de 3 secondes",
        "es": "reproducciones de video de 3 segundos | reproducciones de vídeo de 3 segundos",
        "de": "3-sekündige videowiedergaben | 3-sekunden-videowiedergaben",
    },
    "thruplays": {"en": "thruplays | thruplay | video thruplays"},
    **{
        f"video_p{share}": {
            "en": f"video plays at {share}% | video watches at {share}%",
            "fr": f"lectures de vidéo à {share}% | lectures vidéo à {share}%",
            "es": f"reproducciones de video hasta el {share}% | reproducciones de vídeo hasta el {share}%",
            "de": f"videowiedergaben bis {share}% | videowiedergaben zu {share}%",
        }
        for share in (25, 50, 75, 95, 100)
    },
}

# Columns that split an ad into several rows; their rows are added up again.
BREAKDOWNS: Final[dict[str, dict[str, str]]] = {
    "age": {"en": "age", "fr": "âge", "es": "edad", "de": "alter"},
    "gender": {"en": "gender", "fr": "genre | sexe", "es": "sexo | género", "de": "geschlecht"},
    "country": {"en": "country", "fr": "pays", "es": "país", "de": "land"},
    "region": {"en": "region", "fr": "région", "es": "región"},
    "dma": {"en": "dma region"},
    "platform": {"en": "platform", "fr": "plateforme", "es": "plataforma", "de": "plattform"},
    "placement": {"en": "placement", "fr": "placement", "es": "ubicación", "de": "platzierung"},
    "device_platform": {"en": "device platform", "fr": "plateforme de l'appareil", "de": "geräteplattform"},
    "impression_device": {
        "en": "impression device",
        "fr": "appareil d'impression",
        "es": "dispositivo de impresión",
        "de": "impressionsgerät | impression-gerät",
    },
    "conversion_device": {"en": "conversion device"},
    "time_of_day": {
        "en": "time of day (ad account time zone) | time of day (viewer's time zone)",
        "es": "hora del día (zona horaria de la cuenta publicitaria)",
    },
    "video": {"en": "video", "fr": "vidéo", "es": "vídeo"},
    "image": {"en": "image", "es": "imagen", "de": "bild"},
    "image_video_slideshow": {"en": "image, video and slideshow"},
    "website_url": {"en": "website url", "fr": "url du site web", "es": "url del sitio web"},
    "call_to_action": {
        "en": "call to action",
        "fr": "appel à l'action",
        "es": "llamada a la acción",
        "de": "call to action",
    },
    "media_type": {"en": "media type"},
    "product_id": {"en": "product id", "fr": "identifiant du produit", "es": "identificador del producto"},
    "audience_segments": {"en": "audience segments"},
}

# How known columns that are not loaded begin, and what a preview says about them.
NOT_LOADED: Final[tuple[tuple[str, str], ...]] = (
    (
        "cost per | cpc | cpm | ctr | frequency | cost / | purchase roas | website purchase roas "
        "| coût par | répétition | fréquence | roas | costo por | coste por | frecuencia | kosten pro "
        "| frequenz | outbound ctr",
        "a rate: computed again from the counts",
    ),
    (
        "unique | clics uniques | clics únicos | individuelle | eindeutige",
        "counts people, who cannot be added up",
    ),
)

# Said in a preview about columns whose own name is not Ads Manager's.
TAKEN_ON_TRUST: Final[dict[str, str]] = {
    "approved conversion": "taken for sales: conversions that were approved",
    "total conversion": "taken for results: no column says what kind of conversion",
    "website clicks": "taken for clicks on the ad's link",
    "date": "not Ads Manager's own column: believed where it behaves like a day of delivery",
}

# What the totals row says in place of a name, and what a subtotal says in place of a breakdown.
TOTALS_WORDS: Final = (
    r"(?:results? (?:from|for) [\d.,\s]+"
    r"|résultats? (?:de|des|pour) [\d.,\s]+"
    r"|resultados? (?:de|para) [\d.,\s]+"
    r"|ergebnisse? (?:von|aus|für) [\d.,\s]+)"
)
TOTAL_WORD: Final = (
    r"(?:grand )?totals?|total results|totaux|résultats? tota(?:l|ux)|totales|gesamt(?:ergebnis)?|summe|overall"
)
ALL_WORDS: Final = frozenset({"all", "tous", "toutes", "todos", "todas", "todo", "alle"})
