using System.Text;
using GpuCnn.Data;
using GpuCnn.Protobuf;
using GpuCnn.TensorBoard;
using GpuCnn.Tests.Onnx;
using NUnit.Framework;

namespace GpuCnn.Tests.TensorBoard;

public sealed class EventFileTests
{
    private readonly TemporaryFolder _folder = new();

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    /// <summary>Values of RFC 3720, appendix B.4, and the check value of catalogues.</summary>
    [TestCase("123456789", 0xE3069283u)]
    [TestCase("00*32", 0x8A9136AAu)]
    [TestCase("FF*32", 0x62A8AB43u)]
    [TestCase("", 0u)]
    public void TheChecksumIsCastagnolis(string text, uint expected)
    {
        byte[] bytes = text switch
        {
            "00*32" => new byte[32],
            "FF*32" => [.. Enumerable.Repeat((byte)255, 32)],
            _ => Encoding.ASCII.GetBytes(text),
        };
        Assert.That(MaskedChecksum.Crc(bytes), Is.EqualTo(expected));
        Assert.That(MaskedChecksum.Of(bytes), Is.EqualTo(EventReader.Masked(bytes)));
    }

    [Test]
    public void AFileBeginsWithItsVersionAndHasANameOfItsOwn()
    {
        string folder = _folder["names"].Create();
        for (int i = 0; i < 3; i++) EventFile.Create(folder).Dispose();
        Assert.That(Directory.GetFiles(folder), Has.Length.EqualTo(3));
        foreach (string path in Directory.GetFiles(folder))
        {
            Assert.That(Path.GetFileName(path), Does.Match(@"^events\.out\.tfevents\.[0-9]{10}\..+\.[0-9]+\.[0-9]+$"));
            LoggedEvent only = EventReader.Read(path).Single();
            Assert.That(only.Fields.Text(3), Is.EqualTo("brain.Event:2"));
            Assert.That(DateTime.UnixEpoch.AddSeconds(only.Time), Is.EqualTo(DateTime.UtcNow).Within(TimeSpan.FromMinutes(5)));
        }
    }

    [Test]
    public void ScalarsTextsAndTagsKeepAnyLetters()
    {
        const string text = "<b>&\"'`|\r\n größe 猫 \U0001F408";
        using (EventFile file = EventFile.Create(_folder["letters"].Create()))
            file.Write(1L << 40, Summary.Scalar(text, -2.5), Summary.Text("note", text), Summary.Scalar("limits", double.NaN));
        LoggedEvent read = EventReader.ReadFolder(_folder["letters"])[1];
        Assert.That(read.Step, Is.EqualTo(1L << 40));
        Assert.That((read.Values[0].Text(1), read.Values[0].Float(2)), Is.EqualTo((text, -2.5f)));
        Assert.That(read.Values[1].Text(1), Is.EqualTo("note/text_summary"));
        Assert.That(read.Values[1].Message(9).Message(1).Text(1), Is.EqualTo("text"));
        Assert.That((read.Values[1].Message(8).Integer(1), read.Values[1].Message(8).Text(8)), Is.EqualTo((7L, text)));
        Assert.That(read.Values[2].Float(2), Is.NaN);
    }

    [Test]
    public void ImagesAreFilesOfTheirSize([Values(1, 3)] int channels)
    {
        var image = new PixelImage(5, 3, channels);
        for (int i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = (byte)(17 * i);
        string folder = _folder[$"image-{channels}"].Create();
        using (EventFile file = EventFile.Create(folder)) file.Write(2, Summary.Image("picture", image));
        ProtobufFields read = EventReader.ReadFolder(folder)[1].Values.Single().Message(4);
        Assert.That((read.Integer(1), read.Integer(2), read.Integer(3)), Is.EqualTo((3L, 5L, (long)channels)));
        string png = _folder.Add(read.Bytes(4).ToArray(), $"image-{channels}.png");
        Assert.That(ImageFile.Read(png).Pixels, Is.EqualTo(image.Pixels));
    }

    [Test]
    public void HistogramsCountEveryFiniteValueInItsBucket()
    {
        float[] values =
            [0, 0, -0f, 1e-13f, 1e-12f, 0.5f, 0.5f, -0.5f, 3e19f, 1e30f, -1e30f, float.MaxValue, float.NaN, float.PositiveInfinity, 1];
        ProtobufFields histogram = Read(Summary.Histogram("h", values)!).Message(5);
        float[] finite = [.. values.Where(float.IsFinite)];
        Assert.That((histogram.Double(1), histogram.Double(2), histogram.Double(3)),
            Is.EqualTo(((double)finite.Min(), (double)finite.Max(), (double)finite.Length)));
        Assert.That(histogram.Double(4), Is.EqualTo(finite.Sum(value => (double)value)));
        Assert.That(histogram.Double(5), Is.EqualTo(finite.Sum(value => (double)value * value)));
        IReadOnlyList<double> limits = histogram.PackedDoubles(6), counts = histogram.PackedDoubles(7);
        Assert.That(limits, Is.Ordered.Ascending.And.Unique);
        Assert.That(counts.Sum(), Is.EqualTo(finite.Length));
        for (int i = 0; i < limits.Count; i++)
        {
            double from = i == 0 ? double.NegativeInfinity : limits[i - 1], to = limits[i];
            // The last bucket has its limit too.
            Assert.That(counts[i], Is.EqualTo(finite.Count(value => value >= from && value < to)), $"from {from} to {to}");
        }
    }

    [Test]
    public void HistogramsHaveNoEmptyEnds()
    {
        ProtobufFields histogram = Read(Summary.Histogram("h", [0.25f, 0.26f])!).Message(5);
        Assert.That(histogram.PackedDoubles(7)[0], Is.Zero);
        Assert.That(histogram.PackedDoubles(7)[^1], Is.GreaterThan(0));
        Assert.That(histogram.PackedDoubles(6), Has.Count.LessThan(5));
        Assert.That(Summary.Histogram("h", [float.NaN]), Is.Null);
        Assert.That(Summary.Histogram("h", []), Is.Null);
    }

    private static ProtobufFields Read(ProtobufMessage message) => new(message.ToBytes());
}

internal static class FolderCreation
{
    /// <summary>Creates a folder and returns its path.</summary>
    public static string Create(this string path) => Directory.CreateDirectory(path).FullName;
}
