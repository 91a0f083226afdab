// Adam (Kingma and Ba, 2015) in Keras's form: the rate is corrected, epsilon is not. And the moving
// average and the limits of what it updates.
#include "common.cuh"

// power is beta^t by squaring, in double: 1-beta2^t cancels in float while t is small.
DEVICE double power(double beta, uint32 t) {
  double p = 1;
  for (; t; t >>= 1, beta *= beta)
    if (t & 1) p *= beta;
  return p;
}

// with t = step[0]+1 and rate_t = (rate[0]+rate[1]) * sqrt(1-beta2^t) / (1-beta1^t), for i < n:
//
//	m[i] = beta1*m[i] + (1-beta1)*grad[i]
//	v[i] = beta2*v[i] + (1-beta2)*grad[i]^2
//	param[i] -= rate_t*m[i] / (sqrt(v[i])+epsilon)
KERNEL void __launch_bounds__(256)
adam(const float *__restrict__ grad, const uint32 *__restrict__ step, const float *__restrict__ rate,
     float *__restrict__ param, float *__restrict__ m, float *__restrict__ v, uint32 n, double beta1, double beta2,
     double epsilon) {
  __shared__ float shared_rate;
  uint32 i = elementwise_index();
  Vec4 g = load4(grad, i, n), p = load4(param, i, n), mi = load4(m, i, n), vi = load4(v, i, n); // in flight while the rate is made
  if (THREAD_X == 0) {
    uint32 t = *step + 1;
    double root;
    asm("sqrt.rn.f64 %0, %1;" : "=d"(root) : "d"(1 - power(beta2, t)));
    shared_rate = (float)(((double)rate[0] + (double)rate[1]) * root / (1 - power(beta1, t)));
  }
  BARRIER();
  float rate_t = shared_rate, eps = (float)epsilon;
  float b1 = (float)beta1, c1 = (float)(1 - beta1), b2 = (float)beta2, c2 = (float)(1 - beta2);
#define UPDATE(e)                 \
  mi.e = b1 * mi.e + c1 * g.e;       \
  vi.e = b2 * vi.e + c2 * (g.e * g.e); \
  p.e -= rate_t * mi.e / (sqrt_of(vi.e) + eps);
  UPDATE(x) UPDATE(y) UPDATE(z) UPDATE(w)
#undef UPDATE
  store4(m, i, n, mi);
  store4(v, i, n, vi);
  store4(param, i, n, p);
}

// with t = step[0]+1 and weight = (1-decay) / (1-decay^t), for i < n: average[i] += weight*(x[i]-average[i])
KERNEL void __launch_bounds__(256)
ema(const float *__restrict__ x, const uint32 *__restrict__ step, float *__restrict__ average, uint32 n, double decay) {
  __shared__ float shared_weight;
  uint32 i = elementwise_index();
  Vec4 v = load4(x, i, n), a = load4(average, i, n);
  if (THREAD_X == 0) shared_weight = (float)((1 - decay) / (1 - power(decay, *step + 1)));
  BARRIER();
  float weight = shared_weight;
  store4(average, i, n, {a.x + weight * (v.x - a.x), a.y + weight * (v.y - a.y), a.z + weight * (v.z - a.z),
                         a.w + weight * (v.w - a.w)});
}
