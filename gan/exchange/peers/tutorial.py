"""The tutorial's own model code, as one types it from there. Sizes are arguments, so that a small one can be kept as a
test's file."""

from keras.layers import Conv2D, Conv2DTranspose, Dense, Dropout, Flatten, Input, LeakyReLU, Reshape
from keras.models import Sequential
from keras.optimizers import Adam


def define_discriminator(in_shape=(28, 28, 1), filters=(32, 64)):
    model = Sequential()
    model.add(Input(shape=in_shape))
    model.add(Conv2D(filters[0], (3, 3), strides=(2, 2), padding="same"))
    model.add(LeakyReLU(0.3))
    model.add(Dropout(0.4))
    model.add(Conv2D(filters[1], (3, 3), strides=(2, 2), padding="same"))
    model.add(LeakyReLU(0.3))
    model.add(Flatten())
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer=Adam(learning_rate=0.0002, beta_1=0.5), metrics=["accuracy"])
    return model


def define_generator(latent_dim=100, side=7, filters=(64, 64, 32), kernel=28):
    model = Sequential()
    model.add(Input(shape=(latent_dim,)))
    model.add(Dense(side * side * filters[0]))
    model.add(LeakyReLU(0.3))
    model.add(Reshape((side, side, filters[0])))
    model.add(Conv2DTranspose(filters[1], (3, 3), strides=(2, 2), padding="same"))
    model.add(LeakyReLU(0.3))
    model.add(Conv2DTranspose(filters[2], (3, 3), strides=(2, 2), padding="same"))
    model.add(LeakyReLU(0.3))
    model.add(Conv2D(1, (kernel, kernel), padding="same", activation="sigmoid"))
    return model


def define_gan(generator, discriminator):
    discriminator.trainable = False
    model = Sequential()
    model.add(generator)
    model.add(discriminator)
    model.compile(loss="binary_crossentropy", optimizer=Adam(learning_rate=0.0002, beta_1=0.5))
    return model
