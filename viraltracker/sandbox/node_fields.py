"""Which fields exist on each kind of Graph node: asking for another one is error 100, as on the real API."""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


ACCOUNT = _names(
    """
    id account_id name currency timezone_name timezone_id timezone_offset_hours_utc account_status
    business_name amount_spent balance created_time age disable_reason spend_cap attribution_spec
    """
)
CAMPAIGN = _names(
    """
    id account_id name objective status effective_status configured_status buying_type created_time
    updated_time start_time stop_time daily_budget lifetime_budget bid_strategy special_ad_categories
    """
)
AD_SET = _names(
    """
    id account_id campaign_id campaign name status effective_status configured_status optimization_goal
    billing_event created_time updated_time start_time end_time daily_budget lifetime_budget
    learning_stage_info attribution_spec targeting promoted_object destination_type bid_strategy
    """
)
AD = _names(
    """
    id account_id name adset_id campaign_id adset campaign creative status effective_status
    configured_status created_time updated_time preview_shareable_link issues_info ad_review_feedback
    tracking_specs conversion_domain recommendations source_ad_id
    """
)
CREATIVE = _names(
    """
    id account_id actor_id name body title link_url image_hash image_url video_id call_to_action_type
    object_type object_story_spec asset_feed_spec effective_object_story_id object_story_id
    thumbnail_url thumbnail_id url_tags status instagram_permalink_url effective_instagram_media_id
    template_url link_destination_display_url product_set_id degrees_of_freedom_spec object_url
    """
)
VIDEO = _names(
    """
    id source length picture title description created_time updated_time permalink_url thumbnails status
    format embed_html
    """
)
IMAGE = _names(
    """
    id account_id hash url url_128 permalink_url name width height original_width original_height status
    created_time updated_time creatives
    """
)
POST = _names(
    """
    id message permalink_url created_time full_picture from attachments
    """
)
