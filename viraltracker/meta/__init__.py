"""Meta: the Graph API client, ad data and creatives, and Ads Manager imports."""
