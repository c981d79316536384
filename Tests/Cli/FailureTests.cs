using System.IO.Compression;
using GpuCnn.Cli;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Files and data that are wrong: exit code 1 and one line that says what to do.</summary>
public sealed class FailureTests
{
    private readonly TemporaryFolder _folder = new();
    private string _data = "", _weights = "";

    [OneTimeSetUp]
    public void Prepare()
    {
        _data = TinyData.Write(_folder);
        Succeed("train", "--model", "smallcnn", "--data", _data, "--input", "3x16x16", "--batch", "6", "--steps", "1", "--out",
            _folder["trained"]);
        _weights = _folder["trained", "final.safetensors"];
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void MissingFolder() => Fail(Program.Failed, ["train", "--data", _folder["dat"]], "'" + _folder["dat"] + "'",
        "did you mean", _data);

    [Test]
    public void EmptyClass()
    {
        string data = TinyData.Write(_folder, "empty");
        Directory.CreateDirectory(_folder["empty", "train", "zebra"]);
        Fail(Program.Failed, ["train", "--data", data], "zebra", "got none");
        Fail(Program.Failed, ["data", "check", data], "1 problem is listed above");
    }

    [Test]
    public void CountsThatDiffer()
    {
        WriteIdx("idx", images: 5, labels: 4);
        Fail(Program.Failed, ["train", "--model", "lenet5", "--data", _folder["idx"]], "train-", "5", "4");
    }

    [Test]
    public void TruncatedGzip()
    {
        WriteIdx("gzip", images: 40, labels: 40);
        byte[] content = File.ReadAllBytes(_folder["gzip", "train-images-idx3-ubyte.gz"]);
        File.WriteAllBytes(_folder["gzip", "train-images-idx3-ubyte.gz"], content[..^12]);
        Fail(Program.Failed, ["train", "--model", "lenet5", "--data", _folder["gzip"]], "train-images-idx3-ubyte.gz", "cut short");
    }

    [Test]
    public void PngCutShort()
    {
        string data = TinyData.Write(_folder, "cut");
        string image = _folder["cut", "train", "red", "03.png"];
        File.WriteAllBytes(image, File.ReadAllBytes(image)[..60]);
        Fail(Program.Failed, ["train", "--data", data, "--input", "3x16x16", "--batch", "4", "--out", _folder["cut-run"]], "03.png");
        Assert.That(Directory.Exists(_folder["cut-run"]), Is.False);
        CommandResult check = Run("data", "check", data);
        Assert.That(check.Code, Is.EqualTo(Program.Failed));
        Assert.That(check.Output, Does.Contain("03.png").And.Contain("cannot be read: 1"));
        Line(check);
    }

    [Test]
    public void BatchBeyondTheData()
    {
        Fail(Program.Failed, ["train", "--data", _data, "--input", "3x16x16", "--batch", "37", "--out", _folder["large"]],
            "got 37 of 36 images", "--batch 36");
        Assert.That(Directory.Exists(_folder["large"]), Is.False);
    }

    [Test]
    public void WeightsOfAnotherModel() =>
        Fail(Program.Failed, ["train", "--model", "mlp", "--data", _data, "--weights", _weights], "holds weights of smallcnn", "mlp",
            "--model smallcnn");

    [Test]
    public void WeightsOfOtherClasses()
    {
        string data = TinyData.Write(_folder, "renamed");
        foreach (string split in (string[])["train", "val"]) Directory.Move(_folder["renamed", split, "red"],
            _folder["renamed", split, "rot"]);
        Fail(Program.Failed, ["eval", "--weights", _weights, "--data", data], "'rot'", "3 classes");
    }

    [Test]
    public void EnsembleThatDisagrees()
    {
        Succeed("train", "--model", "smallcnn", "--data", _data, "--input", "3x16x16", "--fit", "pad", "--batch", "6", "--steps", "1",
            "--out", _folder["padded"]);
        Fail(Program.Failed, ["eval", "--weights", $"{_weights},{_folder["padded", "final.safetensors"]}", "--data", _data],
            "one way to fit images", "resize and pad");
    }

    [Test]
    public void WeightsThatAreMissingOrNot()
    {
        Fail(Program.Failed, ["eval", "--weights", _folder["none.safetensors"], "--data", _data], "none.safetensors");
        Fail(Program.Failed, ["predict", "--weights", _folder["data", "val", "red", "00.png"], "x.png"], "00.png");
        Fail(Program.Failed, ["train", "--data", _data, "--weights", _folder["none.safetensors"]], "none.safetensors");
    }

    [Test]
    public void UnreadableImageAmongOthers()
    {
        string good = _folder["data", "val", "red", "00.png"];
        CommandResult result = Run("predict", "--weights", _weights, "--json", good, _folder["no.png"], good);
        Assert.That(Line(result), Does.Contain("no.png"));
        Assert.That(result.Code, Is.EqualTo(Program.Failed));
        Assert.That(result.Json.GetArrayLength(), Is.EqualTo(2));
    }

    [Test]
    public void LossThatIsNoNumber()
    {
        string line = Fail(Program.Failed,
            ["train", "--data", _data, "--input", "3x16x16", "--batch", "6", "--lr", "1e9", "--schedule", "constant", "--warmup", "0",
                "--out", _folder["nan"]], "Training stopped", "--lr");
        Assert.That(line, Does.Contain("learning rate of 1E+09"));
    }

    [Test]
    public void RunsThatCannotBeResumed()
    {
        Fail(Program.Failed, ["train", "--resume", _folder["nowhere"]], "nowhere", "not the folder of a run");
        _folder.Add("{ \"version\": 1"u8.ToArray(), "broken", "config.json");
        Fail(Program.Failed, ["train", "--resume", _folder["broken"]], "config.json", "damaged");
        Fail(Program.Failed, ["train", "--data", _data, "--out", _folder["trained"], "--input", "3x16x16", "--batch", "4"],
            "already holds a run", "--resume");
    }

    [Test]
    public void PlacesThatCannotBeWritten()
    {
        string file = _folder.Add([1], "file");
        Fail(Program.Failed, ["train", "--data", _data, "--input", "3x16x16", "--batch", "6", "--out", file],
            "cannot be used as a run's folder");
        Fail(Program.Failed, ["bench", "--models", "lenet5", "--batch", "1", "--json", _folder["none", "bench.json"]], "does not exist");
        Fail(Program.Failed, ["data", "demo", file], "got a file");
    }

    [Test]
    public void DataThatChangedUnderARun()
    {
        string data = TinyData.Write(_folder, "moving");
        Succeed("train", "--data", data, "--input", "3x16x16", "--batch", "6", "--steps", "2", "--out", _folder["moved"]);
        File.Delete(_folder["moving", "train", "red", "00.png"]);
        Fail(Program.Failed, ["train", "--resume", _folder["moved"], "--steps", "4"], "has changed", "36 images", "35");
    }

    [Test]
    public void DecodeToWhatIsNotAnImage()
    {
        string image = _folder["data", "val", "red", "00.png"];
        Fail(Program.Failed, ["data", "decode", image, _folder["x.gif"]], "'.gif'");
        Fail(Program.Failed, ["data", "decode", _folder["gone.png"], _folder["x.ppm"]], "gone.png");
        Fail(Program.Failed, ["data", "decode", _folder.Path, _folder["out"]], "holds no images");
    }

    [Test]
    public void DemoIntoAFolderOfOtherThings() => Fail(Program.Failed, ["data", "demo", _data], "choose another folder");

    private void WriteIdx(string name, int images, int labels)
    {
        byte[] pixels = new byte[images * 28 * 28];
        new Random(3).NextBytes(pixels);
        Gzip([0, 0, 8, 3, 0, 0, 0, (byte)images, 0, 0, 0, 28, 0, 0, 0, 28, .. pixels], "train-images-idx3-ubyte.gz");
        Gzip([0, 0, 8, 1, 0, 0, 0, (byte)labels, .. Enumerable.Range(0, labels).Select(i => (byte)(i % 2))], "train-labels-idx1-ubyte.gz");

        void Gzip(byte[] content, string file)
        {
            using var buffer = new MemoryStream();
            using (var gzip = new GZipStream(buffer, CompressionLevel.Fastest)) gzip.Write(content);
            _folder.Add(buffer.ToArray(), name, file);
        }
    }
}
