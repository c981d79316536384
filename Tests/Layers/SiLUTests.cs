using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

public sealed class SiLUTests : LayerContract<SiLUTests, SiLU>, ILayerFixture
{
    public static IEnumerable<LayerCase> Cases => PointwiseInput.All.SelectMany(input => new[] { 1, 20f }.Select(limit =>
        new LayerCase($"{input} to {limit}", () => new SiLU(), input, new Reference()) { Limit = limit, LeastScale = 1 }));

    [Test]
    public void IsAccurateToAFewPlaces() => PointwiseInput.CheckAccuracy(() => new SiLU(), x => x / (1 + Math.Exp(-x)));

    [Test]
    public void KeepsItsLimits([ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test)
    {
        float[] x = [0, -0f, 1e30f, -1e30f, float.PositiveInfinity, float.NegativeInfinity, float.NaN];
        using Device device = test.Make();
        using var run = new LayerRun(device, () => new SiLU(), Shape.Vector(x.Length), Place.First, images: 1);
        Assert.That(run.Infer(x), Is.EqualTo(new[] { 0, 0, 1e30f, 0, float.PositiveInfinity, 0, float.NaN }));
    }

    /// <summary>SiLU in float64 (Golden/make_silu.py).</summary>
    [Test]
    public void MatchesPyTorch([ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test)
    {
        using SafetensorsFile golden = SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "Golden", "silu.safetensors"));
        float[] x = golden.ReadTensor("x").Values;
        using Device device = test.Make();
        using var run = new LayerRun(device, () => new SiLU(), Shape.Vector(x.Length), Place.FirstWithGradient, images: 1);
        LayerResult result = run.Run(x, []);
        double[] derivative = Numbers.ToDouble(golden.ReadTensor("derivative").Values);
        Closeness.Check($"{test}: y", result.Output, Numbers.ToDouble(golden.ReadTensor("y").Values), 2e-6);
        Closeness.Check($"{test}: dx", result.InputGradient!, [.. derivative.Select((value, i) => value * ProjectionLoss.Weight(i))], 1e-6);
    }

    private sealed class Reference : ReferencePointwise
    {
        protected override double Value(double x) => x / (1 + Math.Exp(-x));

        protected override double Derivative(double x) => 1 / (1 + Math.Exp(-x)) * (1 + x / (1 + Math.Exp(x)));
    }
}
