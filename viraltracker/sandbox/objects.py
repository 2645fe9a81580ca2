"""Graph nodes of the demo account: ads with their creatives in every shape Meta uses, campaigns, ad sets, media."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from viraltracker.sandbox import node_fields
from viraltracker.sandbox.demo import catalog, pictures
from viraltracker.sandbox.demo.account import DemoAccount
from viraltracker.sandbox.demo.catalog import AdSet, Campaign, Clip, Creative, Picture
from viraltracker.sandbox.demo.roster import AdPlan
from viraltracker.sandbox.fields import Node
from viraltracker.sandbox.insights import ad_name
from viraltracker.sandbox.links import SignedLinks


@dataclass(frozen=True)
class Objects:
    """Nodes of one account; links are signed anew whenever a node is made."""

    account: DemoAccount
    links: SignedLinks
    base_url: str

    def account_node(self) -> Node:
        """The ad account itself."""
        return Node(
            "AdAccount",
            node_fields.ACCOUNT,
            {
                "id": catalog.ACCOUNT_ID,
                "account_id": catalog.ACCOUNT_ID.removeprefix("act_"),
                "name": catalog.ACCOUNT_NAME,
                "business_name": "Wonder Paws LLC",
                "currency": catalog.CURRENCY,
                "timezone_name": catalog.TIME_ZONE,
                "timezone_id": 7,
                "account_status": 1,
                "disable_reason": 0,
                "amount_spent": str(round(self.account.figures.spend.sum() * 100)),
                "created_time": "2023-02-14T09:12:33-0500",
                "attribution_spec": [
                    {"event_type": "CLICK_THROUGH", "window_days": 7},
                    {"event_type": "VIEW_THROUGH", "window_days": 1},
                ],
            },
        )

    def campaign(self, campaign: Campaign) -> Node:
        """One campaign."""
        paused = campaign.effective_status == "PAUSED"
        return Node(
            "Campaign",
            node_fields.CAMPAIGN,
            {
                "id": campaign.campaign_id,
                "account_id": catalog.ACCOUNT_ID.removeprefix("act_"),
                "name": campaign.name,
                "objective": campaign.objective,
                "status": "PAUSED" if paused else "ACTIVE",
                "configured_status": "PAUSED" if paused else "ACTIVE",
                "effective_status": campaign.effective_status,
                "buying_type": "AUCTION",
                "created_time": self._moment(-120, 9, 0),
                "updated_time": self._moment(40, 16, 30),
            },
        )

    def ad_set(self, ad_set: AdSet) -> Node:
        """One ad set, with its learning stage where Meta reports one."""
        paused = ad_set.effective_status == "PAUSED"
        stage = {"status": ad_set.learning_status, "attribution_windows": ["1d_view", "7d_click"]}
        return Node(
            "AdSet",
            node_fields.AD_SET,
            {
                "id": ad_set.ad_set_id,
                "account_id": catalog.ACCOUNT_ID.removeprefix("act_"),
                "campaign_id": ad_set.campaign.campaign_id,
                "campaign": self.campaign(ad_set.campaign),
                "name": ad_set.name,
                "status": "PAUSED" if paused else "ACTIVE",
                "configured_status": "PAUSED" if paused else "ACTIVE",
                "effective_status": ad_set.effective_status,
                "optimization_goal": ad_set.optimization_goal,
                "billing_event": "IMPRESSIONS",
                "daily_budget": "25000",
                "learning_stage_info": stage if ad_set.learning_status else None,
                "created_time": self._moment(-110, 10, 15),
                "updated_time": self._moment(52, 11, 0),
            },
        )

    def ad(self, plan: AdPlan) -> Node:
        """One ad; its creative, ad set and campaign expand when asked for."""
        off = plan.effective_status in {"PAUSED", "ARCHIVED"}
        status = plan.effective_status if off else "ACTIVE"
        number = int(plan.ad_id[-4:])
        changed = plan.last_day if off else plan.first_day
        return Node(
            "Ad",
            node_fields.AD,
            {
                "id": plan.ad_id,
                "account_id": catalog.ACCOUNT_ID.removeprefix("act_"),
                "name": ad_name(plan),
                "adset_id": plan.ad_set.ad_set_id,
                "campaign_id": plan.ad_set.campaign.campaign_id,
                "adset": self.ad_set(plan.ad_set),
                "campaign": self.campaign(plan.ad_set.campaign),
                "creative": self.creative(plan.creative),
                "status": status,
                "configured_status": status,
                "effective_status": plan.effective_status,
                # Made the evening before its first day, so that every day of delivery is a full one.
                "created_time": self._moment(plan.first_day - 1, 17 + number % 6, number % 60),
                "updated_time": self._moment(changed, 9 + number % 3, number % 60),
            },
        )

    def creative(self, creative: Creative) -> Node:
        """One creative; which of its fields are filled depends on how the ad was made (`Creative.branch`)."""
        text = creative.copy
        thumbnail = self._poster(creative.clip) if creative.clip else self._image(creative.pictures[0])
        values: dict[str, object] = {
            "id": creative.creative_id,
            "account_id": catalog.ACCOUNT_ID.removeprefix("act_"),
            "actor_id": catalog.PAGE_ID,
            "name": creative.name,
            "status": "ACTIVE",
            "object_type": {"video": "VIDEO", "image": "SHARE", "carousel": "SHARE"}[creative.object_type],
            "thumbnail_url": thumbnail,
        }
        branch = creative.branch
        if branch != "asset_feed":
            values["effective_object_story_id"] = self.story_id(creative)
        if branch == "post":
            values |= {
                "object_story_id": self.story_id(creative),
                "body": text.primary_text,
                "title": text.headline,
                "link_url": self.page_url(creative),
                "call_to_action_type": text.cta,
                "image_hash": creative.pictures[0].image_hash,
                "image_url": self._image(creative.pictures[0]),
            }
        elif branch == "asset_feed":
            values["asset_feed_spec"] = self._asset_feed(creative)
            values["object_story_spec"] = {"page_id": catalog.PAGE_ID}
        else:
            values["object_story_spec"] = {"page_id": catalog.PAGE_ID, **self._story(creative)}
        if branch == "link_data":
            values |= {
                "body": text.primary_text,
                "title": text.headline,
                "image_hash": creative.pictures[0].image_hash,
                "call_to_action_type": text.cta,
            }
        if branch == "photo_data":
            values |= {"object_type": "PHOTO", "body": text.primary_text}
        if branch == "video_data" and creative.clip:
            values |= {"video_id": creative.clip.video_id, "call_to_action_type": text.cta}
        return Node("AdCreative", node_fields.CREATIVE, values)

    def _story(self, creative: Creative) -> dict[str, object]:
        text, link = creative.copy, self.page_url(creative)
        button = {"type": text.cta, "value": {"link": link}}
        if creative.branch == "video_data" and creative.clip:
            return {
                "video_data": {
                    "video_id": creative.clip.video_id,
                    "title": text.headline,
                    "message": text.primary_text,
                    "link_description": text.description,
                    "call_to_action": button,
                    "image_url": self._poster(creative.clip),
                    "image_hash": catalog.picture_hash(creative.clip.slug),
                }
            }
        if creative.branch == "photo_data":
            picture = creative.pictures[0]
            return {
                "photo_data": {
                    "caption": text.primary_text,
                    "image_hash": picture.image_hash,
                    "url": self._image(picture),
                }
            }
        if creative.branch == "carousel":
            return {
                "link_data": {
                    "link": link,
                    "message": text.primary_text,
                    "call_to_action": button,
                    "multi_share_end_card": False,
                    "child_attachments": [
                        {
                            "link": link,
                            "name": text.headline if index == 0 else picture.line,
                            "description": text.description,
                            "image_hash": picture.image_hash,
                            "call_to_action": button,
                        }
                        for index, picture in enumerate(creative.pictures)
                    ],
                }
            }
        return {
            "link_data": {
                "link": link,
                "message": text.primary_text,
                "name": text.headline,
                "description": text.description,
                "image_hash": creative.pictures[0].image_hash,
                "call_to_action": button,
            }
        }

    def _asset_feed(self, creative: Creative) -> dict[str, object]:
        text = creative.copy
        feed: dict[str, object] = {
            "bodies": [{"text": text.primary_text}],
            "titles": [{"text": text.headline}],
            "descriptions": [{"text": text.description}],
            "call_to_action_types": [text.cta],
            "link_urls": [{"website_url": self.page_url(creative)}],
            "ad_formats": ["SINGLE_VIDEO" if creative.clip else "SINGLE_IMAGE"],
            "optimization_type": "REGULAR",
        }
        if creative.clip:
            thumbnail = catalog.picture_hash(creative.clip.slug)
            feed["videos"] = [{"video_id": creative.clip.video_id, "thumbnail_hash": thumbnail}]
        else:
            feed["images"] = [{"hash": picture.image_hash} for picture in creative.pictures]
        return feed

    def post(self, creative: Creative) -> Node:
        """The page post behind a post-based creative."""
        return Node(
            "Post",
            node_fields.POST,
            {
                "id": self.story_id(creative),
                "message": creative.copy.primary_text,
                "created_time": self._moment(0, 12, 0),
                "full_picture": self._image(creative.pictures[0]) if creative.pictures else None,
            },
        )

    def image(self, picture: Picture) -> Node:
        """One image of the account's library, with a fresh link."""
        return Node(
            "AdImage",
            node_fields.IMAGE,
            {
                "id": f"{catalog.ACCOUNT_ID.removeprefix('act_')}:{picture.image_hash}",
                "account_id": catalog.ACCOUNT_ID.removeprefix("act_"),
                "hash": picture.image_hash,
                "name": f"{picture.image_hash[:8]}.jpg",
                "url": self._image(picture),
                "url_128": self._image(picture),
                "permalink_url": self._image(picture),
                "width": pictures.SIDE,
                "height": pictures.SIDE,
                "original_width": pictures.SIDE,
                "original_height": pictures.SIDE,
                "status": "ACTIVE",
                "created_time": self._moment(-1, 12, 0),
            },
        )

    def video(self, clip: Clip, *, with_source: bool) -> Node:
        """One video; `length` in seconds; without its source when the token may not read it."""
        return Node(
            "AdVideo",
            node_fields.VIDEO,
            {
                "id": clip.video_id,
                "title": clip.slug.replace("-", " "),
                "length": float(clip.seconds),
                "source": self.links.sign(self.base_url, f"/media/v/{clip.slug}.mp4") if with_source else None,
                "picture": self._poster(clip),
                "created_time": self._moment(-5, 12, 0),
                "status": {"video_status": "ready"},
            },
        )

    def story_id(self, creative: Creative) -> str:
        """Id of the page post that shows this creative."""
        return f"{catalog.PAGE_ID}_{creative.creative_id[-9:]}"

    def page_url(self, creative: Creative) -> str:
        """Landing page with the tracking parameters a media buyer adds."""
        return (
            f"{self.base_url}/pages/{creative.copy.page}"
            f"?utm_source=facebook&utm_medium=paid&utm_content={creative.creative_id}"
        )

    def _image(self, picture: Picture) -> str:
        return self.links.sign(self.base_url, f"/media/i/{picture.image_hash}.jpg")

    def _poster(self, clip: Clip) -> str:
        return self.links.sign(self.base_url, f"/media/i/{catalog.picture_hash(clip.slug)}.jpg")

    def _moment(self, column: int, hour: int, minute: int) -> str:
        moment = datetime.combine(
            self.account.since + timedelta(days=column), time(hour, minute), ZoneInfo(catalog.TIME_ZONE)
        )
        return moment.strftime("%Y-%m-%dT%H:%M:%S%z")


@cache
def picture_library() -> dict[str, Picture]:
    """All pictures by hash: those of the creatives, and one poster for each clip."""
    found = {p.image_hash: p for creative in catalog.creatives() for p in creative.pictures}
    for number, clip in enumerate(catalog.CLIPS):
        key = catalog.picture_hash(clip.slug)
        found[key] = Picture(key, clip.creative_format, clip.hook, "Tap to watch", number)
    return found
