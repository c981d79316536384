using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

/// <summary>Shapes for elementwise functions; the largest needs several chunks.</summary>
internal static class PointwiseInput
{
    public static IReadOnlyList<Shape> All { get; } =
        [Shape.Vector(1), Shape.Vector(13), Shape.Vector(400), Shape.Volume(3, 5, 4), Shape.Volume(8, 2, 2), Shape.Volume(17, 33, 31)];

    /// <summary>
    /// For numbers of all sizes: every result within 4 units in the last place, or within 2^-126, below which float32 loses places.
    /// </summary>
    public static void CheckAccuracy(Func<Layer> layer, Func<double, double> function)
    {
        float[] x =
        [
            .. Enumerable.Range(0, 4000)
                .SelectMany(i => new[] { i / 200f, -i / 200f, 0.5f * i / 4000, -0.5f * i / 4000, MathF.Pow(2, -i / 40f) }),
        ];
        foreach (DeviceUnderTest test in DeviceUnderTest.All)
        {
            using Device device = test.Make();
            using var run = new LayerRun(device, layer, Shape.Vector(x.Length), Place.First, images: 1);
            float[] y = run.Infer(x);
            for (int i = 0; i < x.Length; i++)
            {
                double expected = function(x[i]), tolerance = Math.Max(4 * Math.Pow(2, -23) * Math.Abs(expected), Math.Pow(2, -126));
                if (!(Math.Abs(y[i] - expected) <= tolerance))
                    Assert.Fail(
                        $"{test}: f({x[i]:R}) actual {y[i]:R}, expected {expected:R}, "
                        + $"error {Math.Abs(y[i] - expected):E2}, tolerance {tolerance:E2}.");
            }
        }
    }
}
