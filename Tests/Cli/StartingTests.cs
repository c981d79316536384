using System.Globalization;
using System.Text.Json;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>A run starts well with what a user has, says what it derives, and ends where it was told to.</summary>
public sealed class StartingTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void Open() => _folder = new();

    [TearDown]
    public void Close() => _folder.Dispose();

    /// <summary>No option but the folder; the rate falls with the batch.</summary>
    [TestCase(16, 8, "0.005")]
    [TestCase(6, 4, "0.0025")]
    [TestCase(1, 2, "0.00125")]
    public void AFewPicturesTrain(int perClass, int batch, string rate)
    {
        string data = TinyData.Write(_folder, train: perClass, validation: 0);
        string text = Succeed("train", "--data", data, "--epochs", "2", "--device", "cpu", "--out", _folder["run"]).Output;
        JsonElement settings = Config("run").GetProperty("settings");
        Assert.That(settings.GetProperty("batch").GetInt32(), Is.EqualTo(batch));
        Assert.That(text, Does.Contain($"Rate      {rate} (the recipe's 0.02 at a batch of 32, scaled to {batch}), cosine"));
    }

    [Test]
    public void ImagesThatFillNoBatchAreSaid()
    {
        string data = TinyData.Write(_folder);
        Assert.That(Train(data, "--batch", "7").Output, Does.Contain("each epoch leaves out 1 other image, too few for a batch"));
        Assert.That(Train(data, "--batch", "6").Output, Does.Not.Contain("leaves out"));
    }

    [Test]
    public void AGivenRateStays()
    {
        string text = Train(TinyData.Write(_folder), "--batch", "6", "--lr", "0.02", "--epochs", "1").Output;
        Assert.That(text, Does.Contain("Rate      0.02, cosine"));
    }

    [Test]
    public void StepsEndWithoutSqueezingTheSchedule()
    {
        string data = TinyData.Write(_folder);
        string[] train = ["--batch", "6", "--epochs", "4", "--lr", "0.01", "--warmup", "0", "--schedule", "poly", "--steps", "6"];
        Train(data, train);
        // 6 steps an epoch: the sixth has (1 - 5/24) of the rate; squeezed, (1 - 5/6).
        Assert.That(Rate(), Is.EqualTo(0.01 * 19 / 24).Within(1e-7));
        Train(data, [.. train, "--schedule-steps", "6"]);
        Assert.That(Rate(), Is.EqualTo(0.01 / 6).Within(1e-7));
    }

    [Test]
    public void ARunWithinItsWarmupIsSaid() => Assert.That(
        Train(TinyData.Write(_folder), "--batch", "6", "--warmup", "5", "--epochs", "2").Output,
        Does.Contain("Note: the run ends within its 5 epochs of warm-up"));

    /// <summary>With a rate that changes nothing no epoch is better than the first.</summary>
    [Test]
    public void StopsEarlyAndGoesOnWhenAsked()
    {
        string text = Train(TinyData.Write(_folder), "--batch", "6", "--lr", "1e-30", "--epochs", "9", "--early-stop", "2").Output;
        Assert.That(text, Does.Contain("ends when validation has not become better for 2 epochs").And.Contain("epoch 3/9")
            .And.Not.Contain("epoch 4/9"));
        Assert.That(File.Exists(_folder["run", "best.safetensors"]) && File.Exists(_folder["run", "final.safetensors"]));
        string complete = Succeed("train", "--resume", _folder["run"]).Output;
        Assert.That(complete, Does.Contain("is complete: 18 steps").And.Contain("--early-stop 0"));
        Assert.That(Succeed("train", "--resume", _folder["run"], "--early-stop", "0", "--epochs", "4").Output, Does.Contain("epoch 4/4"));
    }

    [Test]
    public void StoppingEarlyWithoutValidationNamesTheOption()
    {
        string data = TinyData.Write(_folder, train: 4, validation: 0);
        Fail(1, ["train", "--data", data, "--device", "cpu", "--early-stop", "2", "--out", _folder["run"]], "--early-stop", "validate");
    }

    [Test]
    public void AHighRateIsHalvedAndSaid()
    {
        string text = Run("train", "--data", TinyData.Write(_folder), "--input", "3x16x16", "--model", "mlp", "--device", "cpu", "--batch",
            "2", "--epochs", "3", "--lr", "0.5", "--clip", "0", "--warmup", "0", "--out", _folder["run"]).Output;
        Assert.That(text, Does.Contain("the loss has risen tenfold").And.Contain("the learning rate is halved from here on"));
    }

    private CommandResult Train(string data, params string[] args)
    {
        if (Directory.Exists(_folder["run"])) Directory.Delete(_folder["run"], recursive: true);
        return Succeed(["train", "--data", data, "--input", "3x16x16", "--device", "cpu", "--out", _folder["run"], .. args]);
    }

    private double Rate() =>
        double.Parse(File.ReadLines(_folder["run", "metrics.csv"]).Last().Split(',')[2], CultureInfo.InvariantCulture);

    private JsonElement Config(string run) => JsonDocument.Parse(File.ReadAllText(_folder[run, "config.json"])).RootElement;
}
