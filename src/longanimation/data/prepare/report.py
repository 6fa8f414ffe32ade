"""What was kept and what was dropped, why and where, for people and for programs."""

from __future__ import annotations

from longanimation.data.prepare.folder import PreparedFolder
from longanimation.data.prepare.pieces import REASONS
from longanimation.data.prepare.scan import Scan
from longanimation.data.prepare.settings import PrepareSettings
from longanimation.media.atomic import write_bytes, write_json


def summarise(scans: list[Scan], entries: list[dict], settings: PrepareSettings) -> dict:
    """The report as JSON values. Frames are counted from 0; `stop` is the frame after the last."""
    pieces = [(scan, piece) for scan in scans for piece in scan.pieces]
    dropped = [(scan, piece) for scan, piece in pieces if piece.reason is not None]
    kept = [piece for _, piece in pieces if piece.reason is None]
    reasons = {}
    for reason in REASONS:
        runs = [piece.stop - piece.start for _, piece in dropped if piece.reason == reason]
        if runs:
            reasons[reason] = {"pieces": len(runs), "frames": sum(runs)}
    return {
        "sources": len(scans),
        "frames": sum(scan.frames for scan in scans),
        "kept": {"clips": len(kept), "frames": sum(piece.stop - piece.start for piece in kept)},
        "finished": {"clips": len(entries), "frames": sum(entry["frames"] for entry in entries)},
        "captioned_clips": sum(entry["caption"] is not None for entry in entries),
        "dropped": reasons,
        "unreadable_sources": [{"source": scan.source, "error": scan.error} for scan in scans if scan.error],
        "drops": [
            {
                "source": scan.source,
                "start": piece.start,
                "stop": piece.stop,
                "reason": piece.reason,
                "detail": piece.detail,
            }
            for scan, piece in dropped
        ],
        "settings": settings.as_json(),
    }


def write_report(folder: PreparedFolder, summary: dict) -> None:
    """report.json and report.md."""
    write_json(folder.path / "report.json", summary)
    write_bytes(folder.path / "report.md", _markdown(summary).encode())


def _markdown(summary: dict) -> str:
    kept, finished, total = summary["kept"], summary["finished"], max(1, summary["frames"])
    lines = [
        "# Prepared clips",
        "",
        f"{summary['sources']} sources with {summary['frames']} frames; {kept['clips']} clips with {kept['frames']} "
        f"frames ({kept['frames'] / total:.1%}) kept, {summary['captioned_clips']} of them with a caption.",
    ]
    if finished != kept:
        lines += ["", f"Not finished: {finished['clips']} clips are written so far. Run the same command again."]
    lines += ["", "| | pieces | frames | share | |", "|---|---:|---:|---:|---|"]
    lines.append(f"| kept | {kept['clips']} | {kept['frames']} | {kept['frames'] / total:.1%} | |")
    for reason, count in summary["dropped"].items():
        share = f"{count['frames'] / total:.1%}"
        lines.append(f"| {reason} | {count['pieces']} | {count['frames']} | {share} | {REASONS[reason]} |")
    if summary["unreadable_sources"]:
        lines += ["", "## Files that cannot be read", "", "| file | why |", "|---|---|"]
        lines += [f"| {_cell(row['source'])} | {_cell(row['error'])} |" for row in summary["unreadable_sources"]]
    if summary["drops"]:
        lines += ["", "## Dropped pieces", "", "Frames are counted from 0, both ends included."]
        lines += ["", "| source | frames | reason | figures |", "|---|---|---|---|"]
        for drop in summary["drops"]:
            frames = f"{drop['start']}-{drop['stop'] - 1}"
            lines.append(f"| {_cell(drop['source'])} | {frames} | {drop['reason']} | {_cell(drop['detail'])} |")
    lines += ["", "## Settings", "", "| setting | value |", "|---|---|"]
    lines += [f"| {name} | {'none' if value is None else value} |" for name, value in summary["settings"].items()]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
