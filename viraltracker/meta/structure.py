"""From campaigns and ad sets as Meta sends them to the columns of their tables, but `brand_id`."""

from __future__ import annotations

from collections.abc import Mapping

from viraltracker.meta import untrusted
from viraltracker.meta.creative_fields import LONGEST_LINE


def campaign_columns(campaign: Mapping[str, object]) -> dict[str, object]:
    """The columns of `campaigns`."""
    return {
        "account_id": untrusted.account_key(campaign.get("account_id")),
        "campaign_id": untrusted.key(campaign.get("id")),
        "name": untrusted.text(campaign.get("name"), LONGEST_LINE),
        "objective": untrusted.text(campaign.get("objective"), 60),
        "effective_status": untrusted.text(campaign.get("effective_status"), 60),
        "created_time": untrusted.moment(campaign.get("created_time")),
    }


def ad_set_columns(ad_set: Mapping[str, object]) -> dict[str, object]:
    """The columns of `ad_sets`; `learning_status` is LEARNING, SUCCESS, FAIL or None."""
    return {
        "account_id": untrusted.account_key(ad_set.get("account_id")),
        "ad_set_id": untrusted.key(ad_set.get("id")),
        "campaign_id": untrusted.key(ad_set.get("campaign_id")),
        "name": untrusted.text(ad_set.get("name"), LONGEST_LINE),
        "effective_status": untrusted.text(ad_set.get("effective_status"), 60),
        "optimization_goal": untrusted.text(ad_set.get("optimization_goal"), 60),
        "learning_status": untrusted.text(untrusted.mapping(ad_set.get("learning_stage_info")).get("status"), 60),
        "created_time": untrusted.moment(ad_set.get("created_time")),
    }
