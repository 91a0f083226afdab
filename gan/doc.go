// Package gan trains generative adversarial networks (Goodfellow et al., 2014): a generator G
// that makes images from noise, and a discriminator D that tells them from real ones.
//
// A [Model] describes both networks as small values; [Tutorial] is the one to start from. A
// [Trainer] writes their steps as Gorgonia graphs, compiles them with package engine and runs
// them on a device: sampling, noise, dropout, both networks and Adam. Nothing but a loss or an
// image comes back, and only when asked for.
//
// A [Classifier], trained by the same engine, tells the classes of images; package judge scores
// generated images by it.
//
// Images are rows of float32 in [0, 1], NHWC; noise is rows of normals.
package gan
