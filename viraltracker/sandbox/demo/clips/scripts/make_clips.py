"""Makes the demo account's clips: `python make_clips.py`, with ffmpeg (libx264) installed.

Frames are drawn with the same brush as the pictures and piped to ffmpeg. Run it only to change a clip: the
MP4 files are committed beside this folder, and nothing else needs ffmpeg.
"""

from __future__ import annotations

import math
import random
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw

from viraltracker.sandbox.demo import catalog, pictures

FRAMES_PER_SECOND = 12
LARGEST_BYTES = 200_000
_HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Shot:
    """One scene: how long, what words stand over it, and what the dog does."""

    seconds: float
    words: str
    action: str
    """`lie`, `stand`, `walk`, `stairs`, `bag`, `chew` or `offer`."""


STORYBOARDS: dict[str, tuple[Shot, ...]] = {
    "unaware-morning": (
        Shot(3, "6:40 a.m. Nobody comes running.", "lie"),
        Shot(3, "He used to be at the door first.", "stand"),
        Shot(4, "Do you remember the last time?", "walk"),
    ),
    "problem-stairs": (
        Shot(3, "POV: your dog just looked at the stairs", "stairs"),
        Shot(3, "...and then at you", "stand"),
        Shot(3, "That pause can mean sore joints", "lie"),
        Shot(3, "5 signs to check tonight", "stairs"),
    ),
    "solution-choose": (
        Shot(3, "Pills, powder or chews?", "stand"),
        Shot(3, "Pills: found behind the sofa", "lie"),
        Shot(3, "Powder: left in the bowl", "stand"),
        Shot(3, "Chews: eaten, every day", "chew"),
    ),
    "product-inside": (
        Shot(3, "Inside one Wonder Paws chew", "bag"),
        Shot(4, "600 mg glucosamine", "chew"),
        Shot(4, "200 mg green-lipped mussel", "chew"),
        Shot(5, "Two a day for a 60 lb dog", "bag"),
    ),
    "product-benny": (
        Shot(3, "Benny, week 5 with Wonder Paws", "stand"),
        Shot(4, "'I was sure it was just a treat'", "lie"),
        Shot(4, "'He took the stairs two at a time'", "stairs"),
        Shot(3, "4.8 stars, 6,214 dogs", "bag"),
    ),
    "most-bundle": (
        Shot(3, "30% off Wonder Paws. Ends Sunday.", "offer"),
        Shot(3, "3 bags + free travel tin", "bag"),
        Shot(2, "Tap before midnight", "offer"),
    ),
}
_SIZES = {"video_ugc": (360, 640), "video_testimonial": (480, 600)}
_SQUARE = (480, 480)
_GROUNDS = ((246, 239, 226), (231, 241, 236), (252, 233, 221), (236, 233, 246), (255, 246, 214), (224, 238, 247))


def frame(clip: catalog.Clip, shot: Shot, at: float, size: tuple[int, int]) -> Image.Image:
    """One frame; `at` is seconds into the shot."""
    width, height = size
    style = random.Random(clip.slug)  # noqa: S311
    ground = _GROUNDS[catalog.CLIPS.index(clip) % len(_GROUNDS)]
    coat = style.choice(((196, 142, 88), (94, 70, 54), (168, 104, 62)))
    ink, accent = (31, 78, 70), (226, 139, 74)
    image = Image.new("RGB", size, ground)
    canvas = ImageDraw.Draw(image)
    floor = height - 70
    canvas.rectangle((0, floor - 14, width, height), fill=accent)
    sway = math.sin(at * 3) * 6
    scale = width / 520
    if shot.action in {"lie", "stand"}:
        pictures.dog(canvas, round(width / 2 - 12 + sway), floor, scale, coat, lying=shot.action == "lie")
    elif shot.action == "walk":
        pictures.dog(canvas, round(60 + at * width / 5), floor + round(abs(sway)) - 6, scale, coat)
    elif shot.action == "stairs":
        for step in range(4):
            left = width // 2 + step * width // 8
            canvas.rectangle((left, floor - 14 - (step + 1) * 38, width, floor), fill=ink)
        pictures.dog(canvas, round(width * 0.3 + sway), floor, scale * 0.75, coat)
    elif shot.action in {"bag", "offer"}:
        top = round(height * 0.38 + sway)
        pictures.bag(canvas, (width // 2 - 90, top, width // 2 + 90, top + 250), ink, accent)
        if shot.action == "offer":
            canvas.ellipse((width - 170, top - 50, width - 30, top + 90), fill=(200, 60, 50))
            pictures.text_block(canvas, "-30%", (width - 146, top, width, top + 90), 44, (255, 255, 255))
    else:
        pictures.paw(canvas, width // 2, round(height * 0.6 + sway), 1.5, ink)
    pictures.text_block(canvas, shot.words, (24, 30, width - 24, round(height * 0.34)), width // 11, ink)
    return image


def make(clip: catalog.Clip, folder: Path) -> Path:
    """Writes one clip as H.264 without sound and returns its path."""
    size = _SIZES.get(clip.creative_format, _SQUARE)
    target = folder / f"{clip.slug}.mp4"
    command = [
        *("ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"),
        *("-s", f"{size[0]}x{size[1]}", "-r", str(FRAMES_PER_SECOND), "-i", "-"),
        *("-c:v", "libx264", "-preset", "veryslow", "-crf", "30", "-pix_fmt", "yuv420p"),
        *("-movflags", "+faststart", "-map_metadata", "-1", "-fflags", "+bitexact", "-threads", "1", str(target)),
    ]
    frames = bytearray()
    for shot in STORYBOARDS[clip.slug]:
        for number in range(round(shot.seconds * FRAMES_PER_SECOND)):
            frames += frame(clip, shot, number / FRAMES_PER_SECOND, size).tobytes()
    subprocess.run(command, input=bytes(frames), check=True)  # noqa: S603
    return target


def main() -> int:
    """Makes every clip; fails when one is too large to commit or not as long as the catalogue says."""
    for clip in catalog.CLIPS:
        if sum(shot.seconds for shot in STORYBOARDS[clip.slug]) != clip.seconds:
            sys.stderr.write(f"{clip.slug}: the storyboard is not {clip.seconds} s long\n")
            return 1
        written = make(clip, _HERE.parent)
        size = written.stat().st_size
        sys.stdout.write(f"{written.name}: {size} bytes\n")
        if size > LARGEST_BYTES:
            sys.stderr.write(f"{clip.slug} has {size} bytes; the most is {LARGEST_BYTES}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
