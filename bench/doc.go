// Package bench measures training: how long an iteration of a game takes on each device, where in it the time goes, how
// far that is from what the device can do, and whether the devices compute the same. Without a choice it is the
// tutorial's game. Programs of other frameworks that measure the same iteration lie in peers, results in results.
//
// An iteration is what the trainer makes of it: the updates of the game's phases, as often as each is due. Times are of
// an average iteration: a measurement covers the cycle after which the phases take the same turns, or a multiple, and
// divides. Of the tutorial it is two iterations: two updates of g, of a whole batch, and one of d, of as many images,
// half of them real.
package bench
