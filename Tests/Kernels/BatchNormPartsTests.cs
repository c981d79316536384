using GpuCnn.Kernels.Normalization;
using NUnit.Framework;

namespace GpuCnn.Tests.Kernels;

public sealed class BatchNormPartsTests
{
    /// <summary>No thread reads a long row of parts, and launches fill a large device where there is work for it.</summary>
    [TestCase(64, 32 * 112 * 112, 512)]
    [TestCase(64, 256 * 112 * 112, 512)]
    [TestCase(256, 32 * 56 * 56, 1048)]
    [TestCase(512, 32 * 7 * 7, 784)]
    [TestCase(2048, 32 * 7 * 7, 832)]
    [TestCase(16, 128 * 32 * 32, 256)]
    public void PartsFillADevice(int channels, int rows, int groups)
    {
        var parts = new BatchNormParts(channels, rows);
        Assert.That(parts.Groups.X * parts.Groups.Y, Is.EqualTo(groups));
        Assert.That(parts.Count, Is.LessThanOrEqualTo(256));
        Assert.That(parts.Count * parts.PartRows, Is.InRange(rows, rows + parts.PartRows - 1));
        int tiles = (rows + 127) / 128, run = BatchNormParts.RunOf(tiles);
        Assert.That((tiles + run - 1) / run, Is.LessThanOrEqualTo(256));
    }
}
