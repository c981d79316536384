using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Tensors;

public sealed class ImageLayoutTests
{
    [Test]
    public void ChannelsMoveToTheLastDimensionAndBack()
    {
        Shape shape = Shape.Volume(3, 2, 2);
        float[] first = [.. Enumerable.Range(0, 24).Select(i => (float)i)], last = new float[24], back = new float[24];
        ImageLayout.ToChannelsLast(shape, first, last);
        Assert.That(last[..12], Is.EqualTo(new float[] { 0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11 }));
        Assert.That(last[12..], Is.EqualTo(last[..12].Select(value => value + 12)));
        ImageLayout.ToChannelsFirst(shape, last, back);
        Assert.That(back, Is.EqualTo(first));
    }

    [Test]
    public void VectorsStayAsTheyAre()
    {
        float[] values = [1, 2, 3, 4, 5, 6], last = new float[6];
        ImageLayout.ToChannelsLast(Shape.Vector(3), values, last);
        Assert.That(last, Is.EqualTo(values));
    }

    [Test]
    public void WholeImagesAreExpected()
    {
        Shape shape = Shape.Volume(3, 2, 2);
        Assert.That(() => ImageLayout.ToChannelsLast(shape, new float[13], new float[13]),
            Throws.ArgumentException.With.Message.Contains("12"));
        Assert.That(() => ImageLayout.ToChannelsFirst(shape, new float[12], new float[24]),
            Throws.ArgumentException.With.Message.Contains("24"));
    }
}
