"""What the images are: the official data sets, the starter images that ship with the app."""
