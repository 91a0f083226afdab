// Package bench measures training: how long an iteration of the tutorial's model takes on each
// device, where in it the time goes, how far that is from what the device can do, and whether the
// devices compute the same. Programs of other frameworks that measure the same iteration lie in
// peers, results in results.
//
// An iteration is what the trainer makes of it: a generator step of a whole batch and, every k-th
// time, a discriminator step of as many images, half of them real. Times are of an average
// iteration: a measurement covers k of them, or a multiple, and divides.
package bench
