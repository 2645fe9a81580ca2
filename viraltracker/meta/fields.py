"""The fields that are asked of the Graph API, one list for each edge."""

from __future__ import annotations

ACCOUNT_FIELDS = ("id", "account_id", "name", "currency", "timezone_name", "account_status")

# All of Ad.effective_status: left to itself the edge hides archived and deleted ads, whose spend still
# counts.
AD_STATUSES = (
    "ACTIVE",
    "PAUSED",
    "CAMPAIGN_PAUSED",
    "ADSET_PAUSED",
    "PENDING_REVIEW",
    "DISAPPROVED",
    "PREAPPROVED",
    "PENDING_BILLING_INFO",
    "IN_PROCESS",
    "WITH_ISSUES",
    "ARCHIVED",
    "DELETED",
)
CAMPAIGN_STATUSES = ("ACTIVE", "PAUSED", "IN_PROCESS", "WITH_ISSUES", "ARCHIVED", "DELETED")
AD_SET_STATUSES = (*CAMPAIGN_STATUSES, "CAMPAIGN_PAUSED")

CREATIVE_FIELDS = (
    "id",
    "name",
    "body",
    "title",
    "call_to_action_type",
    "link_url",
    "object_type",
    "object_story_id",
    "effective_object_story_id",
    "image_hash",
    "image_url",
    "thumbnail_url",
    "video_id",
    "asset_feed_spec",
    "object_story_spec",
)
AD_FIELDS = (
    "id",
    "account_id",
    "name",
    "adset_id",
    "campaign_id",
    "effective_status",
    "created_time",
    "updated_time",
)
CAMPAIGN_FIELDS = ("id", "account_id", "name", "objective", "effective_status", "created_time")
AD_SET_FIELDS = (
    "id",
    "account_id",
    "campaign_id",
    "name",
    "effective_status",
    "optimization_goal",
    "learning_stage_info",
    "created_time",
)
ARCHIVE_FIELDS = (
    "id",
    "page_id",
    "page_name",
    "ad_creative_bodies",
    "ad_creative_link_titles",
    "ad_delivery_start_time",
    "ad_delivery_stop_time",
    "publisher_platforms",
)
"""Of the Ad Library. Without `ad_snapshot_url`, which is a link with the token of whoever asked in it."""
IMAGE_FIELDS = ("hash", "url")
VIDEO_FIELDS = ("id", "source", "length")

INSIGHT_ACTION_LISTS = {
    "outbound_clicks": "outbound_clicks",
    "video_thruplay_watched_actions": "thruplays",
    "video_p25_watched_actions": "video_p25",
    "video_p50_watched_actions": "video_p50",
    "video_p75_watched_actions": "video_p75",
    "video_p95_watched_actions": "video_p95",
    "video_p100_watched_actions": "video_p100",
}
INSIGHT_FIELDS = (
    "account_id",
    "account_currency",
    "campaign_id",
    "adset_id",
    "ad_id",
    "ad_name",
    "objective",
    "optimization_goal",
    "attribution_setting",
    "impressions",
    "spend",
    "reach",
    "clicks",
    "inline_link_clicks",
    "actions",
    "action_values",
    *INSIGHT_ACTION_LISTS,
    "results",
)
# What may be left out when Meta no longer accepts it; without the others a row would be wrong, not poorer.
OPTIONAL_INSIGHT_FIELDS = frozenset(
    {
        *INSIGHT_ACTION_LISTS,
        "ad_name",
        "objective",
        "optimization_goal",
        "attribution_setting",
        "inline_link_clicks",
        "results",
    }
)
INSIGHT_TOTAL_FIELDS = (
    "account_id",
    "account_currency",
    "impressions",
    "spend",
    "clicks",
    "inline_link_clicks",
    "actions",
    "action_values",
)
