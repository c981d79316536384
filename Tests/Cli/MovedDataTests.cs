using System.Text.Json.Nodes;
using GpuCnn.Cli;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>A run goes on with the images that it began with, wherever they are, and with no others.</summary>
public sealed class MovedDataTests
{
    private TemporaryFolder _folder = null!;
    private string _data = null!;

    [SetUp]
    public void Begin()
    {
        _folder = new();
        _data = TinyData.Write(_folder);
        Succeed("train", "--model", "linear", "--data", _data, "--input", "3x16x16", "--batch", "6", "--lr", "0.005", "--steps", "3",
            "--out", _folder["run"]);
    }

    [TearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void MovedDataIsNamedOnceAndThenKnown()
    {
        Directory.Move(_data, _folder["elsewhere"]);
        Refused(["--steps", "5"], "not there any more", "data", "--data and --val say where it is now");
        Succeed("train", "--resume", _folder["run"], "--steps", "5", "--data", _folder["elsewhere"]);
        Succeed("train", "--resume", _folder["run"], "--steps", "7");
    }

    [Test]
    public void AMovedValidationSetIsNamedToo()
    {
        Directory.Move(_folder["data", "val"], _folder["judged"]);
        Succeed("train", "--model", "linear", "--data", _folder["data", "train"], "--val", _folder["judged"], "--input", "3x16x16",
            "--batch", "6", "--lr", "0.005", "--steps", "3", "--out", _folder["two"]);
        Directory.Move(_folder["judged"], _folder["moved"]);
        Fail(Program.Failed, ["train", "--resume", _folder["two"], "--steps", "5"], "judged", "not there any more");
        Succeed("train", "--resume", _folder["two"], "--steps", "5", "--val", _folder["moved"]);
        Fail(Program.Failed, ["train", "--resume", _folder["two"], "--steps", "7", "--val", _folder["data", "train"]], "validates on 12");
    }

    [Test]
    public void OtherImagesUnderTheSameNumberAreRefused()
    {
        var other = new TemporaryFolder();
        TinyData.Write(other, "data", side: 17);
        Refused(["--steps", "5", "--data", other["data"]], "has changed", "trains on other images than", "35 more of the 36");
        other.Dispose();
        File.WriteAllBytes(_folder["data", "train", "red", "05.png"], File.ReadAllBytes(_folder["data", "train", "dark", "01.png"]));
        Refused(["--steps", "5"], "trains on other images than", Path.Combine("red", "05.png"));
    }

    [Test]
    public void ChangedValidationImagesAreRefused()
    {
        string image = _folder["data", "val", "green", "02.png"];
        File.WriteAllBytes(image, File.ReadAllBytes(_folder["data", "train", "green", "02.png"]));
        Refused(["--steps", "5"], "validates on other images than", Path.Combine("green", "02.png"));
        File.Delete(image);
        Refused(["--steps", "5"], "validates on 12 images, but got 11");
        Directory.Delete(_folder["data", "val"], recursive: true);
        Refused(["--steps", "5"], "validates on 12 images");
    }

    [Test]
    public void AValidationFolderOfAFewImagesThatIsGoneIsMissed()
    {
        TinyData.Write(_folder, "few", train: 4, validation: 2);
        Succeed("train", "--model", "linear", "--data", _folder["few"], "--input", "3x16x16", "--batch", "6", "--steps", "3", "--out",
            _folder["two"]);
        Directory.Delete(_folder["few", "val"], recursive: true);
        Fail(Program.Failed, ["train", "--resume", _folder["two"], "--steps", "5"], "validates on 6 images, but they are gone");
    }

    [Test]
    public void OtherClassesAndSwappedLabelsAreRefused()
    {
        Directory.Move(_folder["data", "train", "red"], _folder["data", "train", "rouge"]);
        Directory.Move(_folder["data", "val", "red"], _folder["data", "val", "rouge"]);
        Refused(["--steps", "5"], "class 'red'", "'rouge'");
        Directory.Move(_folder["data", "train", "rouge"], _folder["data", "train", "red"]);
        Directory.Move(_folder["data", "val", "rouge"], _folder["data", "val", "red"]);
        string first = _folder["data", "train", "red", "00.png"], second = _folder["data", "train", "dark", "00.png"];
        File.Move(first, _folder["kept"]);
        File.Move(second, first);
        File.Move(_folder["kept"], second);
        Refused(["--steps", "5"], "same images in another order or under other classes");
    }

    [Test]
    public void RunsOfEarlierReleasesAreTakenByTheirNumbers()
    {
        string path = _folder["run", "config.json"];
        JsonObject config = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        foreach (string name in new[] { "validated", "trained", "imageOrder" }) Assert.That(config.Remove(name), Is.True, name);
        File.WriteAllText(path, config.ToJsonString());
        File.WriteAllBytes(_folder["data", "train", "red", "05.png"], File.ReadAllBytes(_folder["data", "train", "dark", "01.png"]));
        Succeed("train", "--resume", _folder["run"], "--steps", "5");
    }

    /// <summary>Repairing an image that stopped the run must not stop it again.</summary>
    [Test]
    public void ARepairedImageIsTheSameImage()
    {
        string image = _folder["data", "val", "green", "02.png"];
        byte[] whole = File.ReadAllBytes(image);
        File.WriteAllBytes(image, whole[..(whole.Length / 2)]);
        CommandResult stopped = Run("train", "--model", "linear", "--data", _data, "--input", "3x16x16", "--batch", "6", "--lr", "0.005",
            "--epochs", "2", "--bad-images", "fail", "--out", _folder["cut"]);
        Assert.That(stopped.Code, Is.EqualTo(Program.Failed));
        File.WriteAllBytes(image, whole);
        Succeed("train", "--resume", _folder["cut"]);
    }

    private void Refused(string[] more, params string[] parts) =>
        Fail(Program.Failed, ["train", "--resume", _folder["run"], .. more], parts);
}
