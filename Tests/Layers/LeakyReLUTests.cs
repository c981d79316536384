using GpuCnn.Engine.Layers;
using GpuCnn.Tests.Reference;
using NUnit.Framework;

namespace GpuCnn.Tests.Layers;

public sealed class LeakyReLUTests : LayerContract<LeakyReLUTests, LeakyReLU>, ILayerFixture
{
    /// <summary>A quarter of an eighth is exact, a hundredth is not.</summary>
    public static IEnumerable<LayerCase> Cases => PointwiseInput.All.SelectMany(input => new[] { 0.25f, 0.01f }.Select(slope =>
        new LayerCase($"{input}, slope {slope}", () => new LeakyReLU(slope), input, new Reference(slope))
        {
            IsExact = slope == 0.25f,
            Limit = 8,
        }));

    [Test]
    public void SlopeMustBeAboveZero([Values(0, -0.1f, float.NaN)] float slope) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => _ = new LeakyReLU(slope));

    private sealed class Reference(float slope) : ReferencePointwise
    {
        protected override double Value(double x) => x > 0 ? x : slope * x;

        protected override double Derivative(double x) => x > 0 ? 1 : slope;
    }
}
