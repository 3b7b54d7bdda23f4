"""What all figures share."""

import matplotlib

matplotlib.use("Agg")

from matplotlib import pyplot as plt

# Okabe and Ito's colours, told apart with every kind of colour vision.
TIER_COLOURS = {"high": "#0072B2", "medium": "#009E73", "low": "#D55E00"}
INK, FAINT = "#222222", "#8a8a8a"

plt.rcParams.update(
    {
        "font.family": "DejaVu Sans",
        "font.size": 7,
        "text.color": INK,
        "axes.edgecolor": FAINT,
        "axes.labelcolor": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "pdf.fonttype": 42,  # TrueType, so that text stays text
        "svg.fonttype": "none",
        "figure.facecolor": "white",
    }
)


def save(figure, pdf: str, png: str) -> None:
    """Save as vector and as pixels, without the time of day, so that the same data make the same file."""
    figure.savefig(pdf, metadata={"CreationDate": None, "Creator": "isogloss"})
    figure.savefig(png, dpi=200, metadata={"Software": "isogloss"})
    plt.close(figure)
