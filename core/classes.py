"""The ten classes of Fashion-MNIST, in the order of their labels 0 to 9 (Xiao, Rasul, Vollgraf 2017, table 2)."""

CLASS_NAMES = (
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
)

CLASS_COUNT = len(CLASS_NAMES)
