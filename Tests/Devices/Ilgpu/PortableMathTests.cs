using GpuCnn.Engine.Devices.Ilgpu.Compiling;
using NUnit.Framework;

namespace GpuCnn.Tests.Devices.Ilgpu;

/// <summary>Compares the functions with float64.</summary>
public sealed class PortableMathTests
{
    private static readonly Func<float, float>[] Ours =
        [PortableMath.Sin, PortableMath.Cos, PortableMath.Tan, PortableMath.Asin, PortableMath.Acos, PortableMath.Atan];

    private static readonly Func<double, double>[] Exact = [Math.Sin, Math.Cos, Math.Tan, Math.Asin, Math.Acos, Math.Atan];

    // Units in the last place of the result. Near zeros of sine, cosine and tangent the error is absolute: that of the reduced angle.
    [TestCase(0, -100, 100, 2)]
    [TestCase(0, -8192, 8192, 3)]
    [TestCase(1, -100, 100, 2)]
    [TestCase(1, -8192, 8192, 3)]
    [TestCase(2, -100, 100, 4)]
    [TestCase(3, -1, 1, 3)]
    [TestCase(4, -1, 1, 3)]
    [TestCase(5, -10, 10, 3)]
    [TestCase(5, -1e6, 1e6, 3)]
    public void FunctionIsNearFloat64(int function, double from, double to, double units)
    {
        const int Count = 100_000;
        double worst = 0;
        float at = 0;
        for (int i = 0; i <= Count; i++)
        {
            float x = (float)(from + (to - from) * i / Count);
            double exact = Exact[function](x), error = Math.Abs(Ours[function](x) - exact);
            double unit = Math.Max(MathF.BitIncrement(Math.Abs((float)exact)) - Math.Abs((float)exact), Math.Abs(x) > 10 ? 1e-7 : 1e-11);
            if (error / unit <= worst) continue;
            worst = error / unit;
            at = x;
        }
        Assert.That(worst, Is.LessThanOrEqualTo(units), $"at {at:G9}");
    }

    [Test]
    public void ExponentialAndLogarithmOfDoublesAreNearCSharp()
    {
        var random = new Random(1);
        double exp = 0, log = 0;
        for (int i = 0; i < 200_000; i++)
        {
            double x = (random.NextDouble() - 0.5) * (i % 2 == 0 ? 1400 : 4);
            double y = Math.Exp((random.NextDouble() - 0.5) * (i % 2 == 0 ? 1400 : 1));
            exp = Math.Max(exp, Units(PortableMath.Exp(x), Math.Exp(x)));
            log = Math.Max(log, Units(PortableMath.Log(y), Math.Log(y)));
        }
        Assert.Multiple(() =>
        {
            Assert.That(exp, Is.LessThanOrEqualTo(3), "exponential");
            Assert.That(log, Is.LessThanOrEqualTo(3), "logarithm");
            foreach (double x in new[] { double.NaN, double.NegativeInfinity, -800, -745, -0.0, 0, 1, 709.5, 710, double.PositiveInfinity })
                Assert.That(PortableMath.Exp(x), Is.EqualTo(Math.Exp(x)).Within(1e-13).Percent, $"exponential of {x}");
            foreach (double x in new[] { double.NaN, -1, 0, double.Epsilon, 1e-310, 1, double.MaxValue, double.PositiveInfinity })
                Assert.That(PortableMath.Log(x), Is.EqualTo(Math.Log(x)).Within(1e-13).Percent, $"logarithm of {x}");
        });

        static double Units(double value, double exact) => Math.Abs(value - exact) / (Math.BitIncrement(Math.Abs(exact)) - Math.Abs(exact));
    }

    [Test]
    public void SpecialValuesAreThoseOfCSharp()
    {
        float[] special =
            [float.NaN, float.NegativeInfinity, -2, -1, -0.5f, -0f, 0, 1e-30f, 0.5f, 1, 2, float.PositiveInfinity];
        Assert.Multiple(() =>
        {
            for (int f = 3; f < Ours.Length; f++)
                foreach (float x in special)
                    Assert.That(Ours[f](x), Is.EqualTo((float)Exact[f](x)).Within(3).Ulps, $"function {f} of {x}");
            foreach (float y in special)
                foreach (float x in special)
                    Assert.That(PortableMath.Atan2(y, x), Is.EqualTo(MathF.Atan2(y, x)).Within(3).Ulps, $"angle of ({x}, {y})");
        });
    }
}
