// dft42.cuh: discrete Fourier transforms of 42 elements, of which 28 on one side exist, in a thread's
// registers. All indices are constants when loops are unrolled.
//
// 42 = 3*14 and 14 = 2*7 have no common divisors, so that no twiddle factors come between the parts
// (Good, 1958; Thomas, 1963): element n is (n1, n2) with n = 14*n1 + 3*n2 mod 42, frequency k is
// (k1, k2) with k1 = k mod 3 and k2 = k mod 14. The three n of one n2 lie 14 apart, so that exactly
// one of them is beyond the first 28.
#pragma once
#include "common.cuh"

const int DFT = 42, DFT_IN = 28, DFT_BINS = DFT / 2 + 1; // of a real array; the others are their conjugates

struct Complex {
  float re, im;
};
DEVICE Complex operator+(Complex a, Complex b) { return {a.re + b.re, a.im + b.im}; }
DEVICE Complex operator-(Complex a, Complex b) { return {a.re - b.re, a.im - b.im}; }
DEVICE Complex operator*(float f, Complex a) { return {f * a.re, f * a.im}; }
DEVICE Complex operator*(Complex a, Complex b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
DEVICE Complex conjugate(Complex a) { return {a.re, -a.im}; }
// add_product is sum + a*b.
DEVICE Complex add_product(Complex sum, Complex a, Complex b) {
  return {sum.re + a.re * b.re - a.im * b.im, sum.im + a.re * b.im + a.im * b.re};
}

// element is n of (n1, n2), frequency is k of (k1, k2).
constexpr DEVICE int element(int n1, int n2) { return (14 * n1 + 3 * n2) % DFT; }
constexpr DEVICE int frequency(int k1, int k2) { return (28 * k1 + 15 * k2) % DFT; }

// third is exp(sign*2*pi*i*n/3).
DEVICE Complex third(int sign, int n) {
  const float sine = 0.866025403784438647f;
  return n % 3 == 0 ? Complex{1, 0} : Complex{-0.5f, n % 3 == 1 ? sign * sine : -sign * sine};
}

// halves_of_7 sets, for k = 1..3,
//
//	c[k] = x0 + sum over j of sum[j] * cos(2*pi*j*k/7),   s[k] = sum over j of difference[j] * sin(2*pi*j*k/7)
//
// of which a transform of 7 elements x[j], x[7-j] with these sums and differences is made.
template <class T> DEVICE void halves_of_7(T x0, const T (&sum)[4], const T (&difference)[4], T (&c)[4], T (&s)[4]) {
  const float c1 = 0.623489801858733531f, c2 = -0.222520933956314404f, c3 = -0.900968867902419126f;
  const float s1 = 0.781831482468029809f, s2 = 0.974927912181823607f, s3 = 0.433883739117558120f;
  c[1] = x0 + c1 * sum[1] + c2 * sum[2] + c3 * sum[3];
  c[2] = x0 + c2 * sum[1] + c3 * sum[2] + c1 * sum[3];
  c[3] = x0 + c3 * sum[1] + c1 * sum[2] + c2 * sum[3];
  s[1] = s1 * difference[1] + s2 * difference[2] + s3 * difference[3];
  s[2] = s2 * difference[1] - s3 * difference[2] - s1 * difference[3];
  s[3] = s3 * difference[1] - s1 * difference[2] + s2 * difference[3];
}

// for k < 7: y[k] = sum over j of x[j] * exp(SIGN*2*pi*i*j*k/7)
template <int SIGN> DEVICE void dft7(const Complex (&x)[7], Complex (&y)[7]) {
  Complex sum[4], difference[4], c[4], s[4];
#pragma unroll
  for (int j = 1; j < 4; j++) sum[j] = x[j] + x[7 - j], difference[j] = x[j] - x[7 - j];
  halves_of_7(x[0], sum, difference, c, s);
  y[0] = x[0] + sum[1] + sum[2] + sum[3];
#pragma unroll
  for (int k = 1; k < 4; k++) {
    Complex turned = {-SIGN * s[k].im, SIGN * s[k].re};
    y[k] = c[k] + turned, y[7 - k] = c[k] - turned;
  }
}

// for k < 14: x[k] = sum over j of x[j] * exp(SIGN*2*pi*i*j*k/14)
template <int SIGN> DEVICE void dft14(Complex (&x)[14]) {
  Complex even[7], odd[7], e[7], o[7];
#pragma unroll
  for (int m = 0; m < 7; m++) {
    Complex a = x[2 * m], b = x[(2 * m + 7) % 14];
    even[m] = a + b, odd[m] = a - b;
  }
  dft7<SIGN>(even, e);
  dft7<SIGN>(odd, o);
#pragma unroll
  for (int k = 0; k < 14; k++) x[k] = k % 2 ? o[k % 7] : e[k % 7];
}

// dft14 of real x, frequencies 0 to 7.
DEVICE void real_dft14(const float (&x)[14], Complex (&y)[8]) {
#pragma unroll
  for (int odd = 0; odd < 2; odd++) {
    float v[7], sum[4], difference[4], c[4], s[4];
#pragma unroll
    for (int m = 0; m < 7; m++) v[m] = odd ? x[2 * m] - x[(2 * m + 7) % 14] : x[2 * m] + x[(2 * m + 7) % 14];
#pragma unroll
    for (int j = 1; j < 4; j++) sum[j] = v[j] + v[7 - j], difference[j] = v[j] - v[7 - j];
    halves_of_7(v[0], sum, difference, c, s);
    y[7 * odd] = {v[0] + sum[1] + sum[2] + sum[3], 0};
#pragma unroll
    for (int k = 1; k < 4; k++)
      if (k % 2 == odd)
        y[k] = {c[k], -s[k]};
      else
        y[7 - k] = {c[k], s[k]};
  }
}

// Its inverse, but for a factor of 14, of which y[0] and y[7] are real.
DEVICE void real_inverse14(const Complex (&y)[8], float (&x)[14]) {
  float v[2][7];
#pragma unroll
  for (int odd = 0; odd < 2; odd++) {
    float first = y[7 * odd].re, sum[4], difference[4], c[4], s[4];
#pragma unroll
    for (int k = 1; k < 4; k++) {
      Complex z = k % 2 == odd ? y[k] : conjugate(y[7 - k]);
      sum[k] = 2 * z.re, difference[k] = 2 * z.im;
    }
    halves_of_7(first, sum, difference, c, s);
    v[odd][0] = first + sum[1] + sum[2] + sum[3];
#pragma unroll
    for (int m = 1; m < 4; m++) v[odd][m] = c[m] - s[m], v[odd][7 - m] = c[m] + s[m];
  }
#pragma unroll
  for (int m = 0; m < 7; m++) x[2 * m] = v[0][m] + v[1][m], x[(2 * m + 7) % 14] = v[0][m] - v[1][m];
}

// The two n1 of one n2 whose elements are among the first 28.
constexpr DEVICE int first_of(int n2) { return element(0, n2) < DFT_IN ? 0 : 1; }
constexpr DEVICE int second_of(int n2) { return element(2, n2) < DFT_IN ? 2 : 1; }

// for k2 < 14: y[k2] = sum over n < 28 of x(n) * exp(-2*pi*i*n*k/42), k = frequency(k1, k2)
template <class Elements> DEVICE void dft42(int k1, const Elements &x, Complex (&y)[14]) {
  Complex w = third(-1, k1); // that of n1 = 2 is its conjugate
#pragma unroll
  for (int n2 = 0; n2 < 14; n2++) {
    int a = first_of(n2), b = second_of(n2);
    Complex u = x(element(a, n2)), v = x(element(b, n2));
    y[n2] = add_product(a == 0 ? u : w * u, b == 1 ? w : conjugate(w), v);
  }
  dft14<-1>(y);
}

// for n < 28: x[n] = or += sum over k2 of y[k2] * exp(2*pi*i*n*k/42), = if k1 is 0. It destroys y.
DEVICE void inverse42(int k1, Complex (&y)[14], Complex (&x)[DFT_IN]) {
  dft14<1>(y);
#pragma unroll
  for (int n2 = 0; n2 < 14; n2++)
#pragma unroll
    for (int n1 = 0; n1 < 3; n1++) {
      int n = element(n1, n2);
      if (n >= DFT_IN) continue;
      if (k1 == 0)
        x[n] = y[n2];
      else
        x[n] = n1 == 0 ? x[n] + y[n2] : add_product(x[n], third(1, n1 * k1), y[n2]);
    }
}

// for k < 22: y[k] = sum over n < 28 of x[n] * exp(-2*pi*i*n*k/42)
DEVICE void real_dft42(const float (&x)[DFT_IN], Complex (&y)[DFT_BINS]) {
  float whole[14];
  Complex turned[14], y0[8];
#pragma unroll
  for (int n2 = 0; n2 < 14; n2++) {
    int a = first_of(n2), b = second_of(n2);
    float u = x[element(a, n2)], v = x[element(b, n2)];
    Complex w = third(-1, a), z = third(-1, b);
    whole[n2] = u + v;
    turned[n2] = a == 0 ? Complex{u + z.re * v, z.im * v} : Complex{w.re * (u + v), z.im * (v - u)};
  }
  real_dft14(whole, y0);
  dft14<-1>(turned);
#pragma unroll
  for (int k2 = 0; k2 < 14; k2++) {
    int k = frequency(0, k2);
    if (k2 < 8) y[k < DFT_BINS ? k : DFT - k] = k < DFT_BINS ? y0[k2] : conjugate(y0[k2]);
    k = frequency(1, k2);
    y[k < DFT_BINS ? k : DFT - k] = k < DFT_BINS ? turned[k2] : conjugate(turned[k2]);
  }
}

// Its inverse, but for a factor of 42. The imaginary parts of y[0] and y[21] do not count.
DEVICE void real_inverse42(const Complex (&y)[DFT_BINS], float (&x)[DFT_IN]) {
  Complex y0[8], turned[14];
  float whole[14];
#pragma unroll
  for (int k2 = 0; k2 < 14; k2++) {
    int k = frequency(0, k2);
    if (k2 < 8) y0[k2] = k < DFT_BINS ? y[k] : conjugate(y[DFT - k]);
    k = frequency(1, k2);
    turned[k2] = k < DFT_BINS ? y[k] : conjugate(y[DFT - k]);
  }
  real_inverse14(y0, whole);
  dft14<1>(turned);
#pragma unroll
  for (int n2 = 0; n2 < 14; n2++)
#pragma unroll
    for (int n1 = 0; n1 < 3; n1++) {
      int n = element(n1, n2);
      if (n >= DFT_IN) continue;
      Complex w = third(1, n1); // and the conjugate term, of k1 = 2
      x[n] = whole[n2] + 2 * w.re * turned[n2].re;
      if (n1 > 0) x[n] -= 2 * w.im * turned[n2].im;
    }
}
