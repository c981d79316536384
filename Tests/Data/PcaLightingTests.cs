using GpuCnn.Data;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Data;

public sealed class PcaLightingTests
{
    /// <summary>Also where the values do not fill whole vectors.</summary>
    [Test]
    public void EveryPixelChangesAlike([Values(1, 3)] int channels, [Values(1, 2, 7, 16, 21)] int width)
    {
        Shape input = Shape.Volume(channels, 5, width);
        var values = new float[input.Count];
        RandomStream random = new(1, 2, 3);
        new PcaLighting(0.5).Apply(ref random, values, input, [.. Enumerable.Repeat(0.5f, channels)]);
        Assert.That(values[..channels], Is.Unique.And.All.Not.Zero);
        Assert.That(values, Is.EqualTo(Enumerable.Range(0, 5 * width).SelectMany(_ => values[..channels])));
    }
}
