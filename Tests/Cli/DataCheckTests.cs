using System.Text.Json;
using GpuCnn.Cli;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

public sealed class DataCheckTests
{
    private readonly TemporaryFolder _folder = new();

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void SaysWhatARunWouldUse()
    {
        string data = TinyData.Write(_folder, "clean");
        string text = Succeed("data", "check", data).Output;
        Assert.That(text, Does.Contain("36 PNG; pixels: 36 RGB").And.Contain("A run trains on 36 images and validates on 12.")
            .And.EndWith("Good to train on.\n"));
        // A tenth of each class of 12 is held out where nothing is for validation.
        Assert.That(Succeed("data", "check", _folder["clean", "train"]).Output,
            Does.Contain("A run trains on 33 images and validates on 3, 10 % of each class held out."));
        Assert.That(Succeed("data", "check", _folder["clean", "val"]).Output, Does.Contain("validates on none: no class has enough"));
    }

    [Test]
    public void JsonHoldsAllOfIt()
    {
        string data = TinyData.Write(_folder, "faults");
        File.Copy(_folder["faults", "val", "red", "00.png"], _folder["faults", "train", "dark", "copy.png"]);
        File.WriteAllBytes(_folder["faults", "train", "red", "01.png"], [1]);
        File.WriteAllText(_folder["faults", "train", "red", "notes.md"], "x");
        CommandResult result = Run("data", "check", data, "--json");
        Assert.That(result.Code, Is.EqualTo(Program.Failed));
        Assert.That(Line(result), Does.Contain("2 problems are listed above"));
        JsonElement json = result.Json;
        HasProperties(json, "description", "usable", "classes", "use", "splits", "unreadable", "problems", "leftOut", "flaws", "duplicates",
            "lookAlikes", "nearNames", "emptyClasses", "nearEmptyClasses");
        Assert.That((json.GetProperty("usable").GetBoolean(), json.GetProperty("use").GetProperty("training").GetInt32()),
            Is.EqualTo((false, 37)));
        JsonElement train = json.GetProperty("splits")[0];
        HasProperties(train, "name", "images", "imagesPerClass", "width", "height", "formats", "modes", "turned");
        Assert.That(train.GetProperty("formats").GetProperty("PNG").GetInt32(), Is.EqualTo(36));
        Assert.That(train.GetProperty("width").GetProperty("median").GetInt32(), Is.EqualTo(16));
        JsonElement same = json.GetProperty("duplicates")[0];
        Assert.That((same.GetProperty("crossesSplits").GetBoolean(), same.GetProperty("crossesClasses").GetBoolean()),
            Is.EqualTo((true, true)));
        Assert.That(same.GetProperty("pictures")[0].GetProperty("file").GetString(), Does.EndWith("copy.png"));
        Assert.That(json.GetProperty("unreadable")[0].GetProperty("file").GetString(), Does.EndWith("01.png"));
        Assert.That(json.GetProperty("leftOut")[0].GetProperty("file").GetString(), Does.EndWith("notes.md"));
    }

    [Test]
    public void DuplicatesAreLeftOutOfARunAndOfItsResumption()
    {
        string data = TinyData.Write(_folder, "twice"), run = _folder["twice-run"];
        File.Copy(_folder["twice", "val", "red", "00.png"], _folder["twice", "train", "red", "copy.png"]);
        string text = Succeed("train", "--data", data, "--input", "3x16x16", "--batch", "36", "--epochs", "2", "--exclude-duplicates",
            "--out", run).Output;
        Assert.That(text, Does.Contain("36 training and 12 validation images")
            .And.Contain("1 duplicate left out (1 training, 0 validation)"));
        Assert.That(Succeed("train", "--resume", run, "--epochs", "3").Output, Does.Contain("1 duplicate left out"));
    }
}
