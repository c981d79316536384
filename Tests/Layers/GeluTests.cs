using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

public sealed class GeluTests : LayerContract<GeluTests, Gelu>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases =>
        from input in PointwiseInput.All
        from tanh in new[] { false, true }
        from limit in new[] { 2, 20f }
        where input.Count > 100 || limit > 2
        select new LayerCase($"{input} to {limit}{(tanh ? ", tanh" : "")}", () => new Gelu(tanh), input, new ReferenceGelu(tanh))
        {
            Limit = limit,
            LeastScale = 1,
        };

    /// <summary>Within 2 units in the last place, or within 1e-7 if those are less.</summary>
    [Test]
    public void IsAccurate([Values] bool tanh, [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test)
    {
        float[] x = [.. Enumerable.Range(-16000, 32001).Select(i => i / 1000f),
            .. Enumerable.Range(0, 400).SelectMany(i => Signed(MathF.Pow(2, -i / 3f)))];
        float[] y = Run(test, x, tanh);
        for (int i = 0; i < x.Length; i++)
        {
            double expected = ReferenceGelu.Of(x[i], tanh), error = Math.Abs(y[i] - expected);
            float magnitude = MathF.Abs((float)expected);
            double tolerance = Math.Max(2 * (MathF.BitIncrement(magnitude) - magnitude), 1e-7);
            if (!(error <= tolerance))
            {
                Assert.Fail(
                    $"{test}: f({x[i]:R}) actual {y[i]:R}, expected {expected:R}, error {error:E2}, tolerance {tolerance:E2}.");
            }
        }
    }

    /// <summary>A device may flush values below 2^-126 to 0.</summary>
    [Test]
    public void KeepsItsLimits([Values] bool tanh, [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test)
    {
        float least = MathF.Pow(2, -126);
        const float Infinity = float.PositiveInfinity, Largest = float.MaxValue;
        float[] x = [0, -0f, float.Epsilon, -float.Epsilon, least, -least, 1e30f, -1e30f, Largest, -Largest, Infinity, -Infinity];
        float[] y = Run(test, x, tanh), expected = [0, 0, 0, 0, least / 2, -least / 2, 1e30f, 0, Largest, 0, Infinity, 0];
        for (int i = 0; i < x.Length; i++)
            Assert.That(y[i] == expected[i] || Math.Abs(y[i] - expected[i]) <= least, $"f({x[i]:R}) is {y[i]:R}");
        Assert.That(Run(test, [float.NaN], tanh)[0], Is.NaN);
    }

    /// <summary>GELU(approximate='none') and GELU(approximate='tanh') in float64 (Golden/make_gelu.py).</summary>
    [Test]
    public void MatchesPyTorch([Values] bool tanh, [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test)
    {
        using SafetensorsFile golden = SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "Golden", "gelu.safetensors"));
        float[] x = golden.ReadTensor("x").Values;
        string name = tanh ? "tanh" : "none";
        using Device device = test.Make();
        using var run = new LayerRun(device, () => new Gelu(tanh), Shape.Vector(x.Length), Place.FirstWithGradient, images: 1);
        LayerResult result = run.Run(x, []);
        double[] derivative = Numbers.ToDouble(golden.ReadTensor(name + ".derivative").Values);
        Closeness.Check($"{test}: y", result.Output, Numbers.ToDouble(golden.ReadTensor(name).Values), 5e-7);
        Closeness.Check($"{test}: dx", result.InputGradient!, [.. derivative.Select((value, i) => value * ProjectionLoss.Weight(i))], 5e-7);
    }

    private static float[] Signed(float value) => [value, -value];

    private static float[] Run(DeviceUnderTest test, float[] x, bool tanh)
    {
        using Device device = test.Make();
        using var run = new LayerRun(device, () => new Gelu(tanh), Shape.Vector(x.Length), Place.First, images: 1);
        return run.Infer(x);
    }
}
