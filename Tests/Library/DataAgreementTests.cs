using GpuCnn.Data;
using GpuCnn.Runs;
using GpuCnn.Tests.Distributed;
using NUnit.Framework;

namespace GpuCnn.Tests.Library;

/// <summary>Ranks whose data sets differ are refused with one line that says who has what.</summary>
public sealed class DataAgreementTests
{
    private static readonly string[] Classes = ["cat", "dog"];

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(4)]
    public void TheSameDataIsTaken(int size) => ThreadRanks.Run(size, ranks => DataAgreement.Check(Data(20, 6), ranks));

    [TestCase(21, 6, "has 21 training images in 'train', but rank 0 has 20: all ranks expect the same data set.")]
    [TestCase(1, 6, "has 1 training image in 'train', but rank 0 has 20: all ranks expect the same data set.")]
    [TestCase(20, 1200, "has 1,200 validation images in 'train', but rank 0 has 6: all ranks expect the same data set.")]
    [TestCase(20, 0, "has no validation images in 'train', but rank 0 has 6: all ranks expect the same data set.")]
    public void NumbersOfImagesAreCompared(int training, int validation, string message) =>
        Refused(Data(training, validation), message);

    [Test]
    public void ClassesAreCompared()
    {
        Refused(Data(20, 6, classes: ["cat", "cow"]),
            "has the class 'cow' in 'train', but rank 0 has 'dog' in its place: all ranks expect the same data set.");
        Refused(Data(20, 6, classes: ["cat", "dog", "owl"]),
            "has 3 classes in 'train', but rank 0 has 2: all ranks expect the same data set.");
    }

    [Test]
    public void LabelsAndContentsAreCompared()
    {
        Refused(Data(20, 6, turned: 7), "has other images, labels or another order in 'train' (checksum ");
        Refused(Data(20, 6, changed: 3), "has other images, labels or another order in 'train' (checksum ");
    }

    private static void Refused(ImageData differing, string message)
    {
        DifferingDataException[] thrown = ThreadRanks.Run(4, ranks => Assert.Throws<DifferingDataException>(
            () => DataAgreement.Check(ranks.Rank >= 2 ? differing : Data(20, 6), ranks))!);
        foreach (DifferingDataException exception in thrown)
        {
            Assert.That(exception.Message, Does.StartWith($"Rank 2 on {Environment.MachineName} {message}").And.Not.Contain("\n"));
            Assert.That(exception.Rank, Is.EqualTo(2));
        }
    }

    /// <param name="turned">Training image of another label.</param>
    /// <param name="changed">Training image of another content.</param>
    private static ImageData Data(
        int training, int validation, string[]? classes = null, int turned = -1, int changed = -1) => ImageData.Of(
        Split("train", training, classes, turned, changed), validation == 0 ? null : Split("val", validation, classes, -1, -1));

    private static MemorySplit Split(string name, int count, string[]? classes, int turned, int changed) => new(name, classes ?? Classes,
        [.. Enumerable.Range(0, count).Select(i => (i == turned ? i + 1 : i) % 2)],
        [.. Enumerable.Range(0, count).Select(i => Image((byte)(i == changed ? 255 - i : i)))], name);

    private static PixelImage Image(byte value)
    {
        PixelImage image = new(2, 2, 1);
        Array.Fill(image.Pixels, value);
        return image;
    }
}
