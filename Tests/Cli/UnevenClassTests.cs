using System.Text.Json;
using GpuCnn.Cli;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Training on classes of different sizes.</summary>
public sealed class UnevenClassTests
{
    private readonly TemporaryFolder _folder = new();
    private string _data = "";

    /// <summary>12 dark pictures, 4 green ones and 2 red ones.</summary>
    [OneTimeSetUp]
    public void Write()
    {
        _data = TinyData.Write(_folder);
        for (int number = 0; number < 12; number++)
        {
            if (number >= 4) File.Delete(_folder["data", "train", "green", $"{number:D2}.png"]);
            if (number >= 2) File.Delete(_folder["data", "train", "red", $"{number:D2}.png"]);
        }
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    /// <summary>Stopped within an epoch, and resumed with other threads.</summary>
    [Test]
    public void ARunIsResumedToTheSameBits(
        [Values("--balanced-sampling", "--class-weights balanced", "--class-weights 1,2.5,6", "--class-weights balanced --loss focal")]
        string option)
    {
        string[] words = option.Split(' ');
        string[] options = ["train", "--model", "smallcnn", "--data", _data, "--input", "3x16x16", "--batch", "4", "--augment",
            "crop2,flip",
            "--epochs", "3", .. words];
        string name = $"run {option.Length}";
        string whole = _folder[$"{name}-whole"], parts = _folder[$"{name}-parts"], plain = _folder[$"{name}-plain"];
        Assert.That(Succeed([.. options, "--out", whole]).Output, Does.Contain(words switch
        {
            ["--balanced-sampling"] => "drawn equally often, 18 images an epoch",
            [_, "balanced", ..] => "weigh 0.5 to 3 in the loss of training (balanced); validation counts all alike",
            // Over the 18 images, 12, 10 and 12 of a sum of 34.
            _ => "weigh 0.529 to 3.18 in the loss of training (as given, scaled to a mean of 1 over the images)",
        }));
        Succeed([.. options, "--out", parts, "--steps", "6"]);
        string property = words.Length == 1 ? "balancedSampling" : "classWeights";
        Assert.That(Settings(parts).GetProperty(property).ToString(), Is.EqualTo(words.Length == 1 ? "True" : words[1]), "config.json");
        Succeed("train", "--resume", parts, "--epochs", "3");
        Assert.That(Bytes(parts), Is.EqualTo(Bytes(whole)));
        Succeed([.. options[..^words.Length], "--out", plain]);
        Assert.That(Settings(plain).TryGetProperty(property, out _), Is.False, "nothing new in the file of other runs");
        Assert.That(Bytes(plain), Is.Not.EqualTo(Bytes(whole)));
    }

    [Test]
    public void WrongWeightsAreRefusedInOneLine()
    {
        string[] options = ["train", "--model", "smallcnn", "--data", _data, "--input", "3x16x16", "--batch", "4", "--out", _folder["no"]];
        foreach (string text in new[] { "evenly", "1,x,2", "1,-1,1", "0,0,0" })
            Fail(Program.WrongUsage, [.. options, "--class-weights", text], "--class-weights expects balanced, or numbers", text);
        Fail(Program.Failed, [.. options, "--class-weights", "1,2"], "each of the 3 classes", "got 2");
        Fail(Program.WrongUsage, [.. options, "--class-weights", "balanced", "--balanced-sampling"], "--class-weights");
        Assert.That(Directory.Exists(_folder["no"]), Is.False, "a run that could not begin leaves no folder");
    }

    private static JsonElement Settings(string run) =>
        JsonDocument.Parse(File.ReadAllText(Path.Join(run, "config.json"))).RootElement.GetProperty("settings");

    private static byte[] Bytes(string run) => File.ReadAllBytes(Path.Join(run, "final.safetensors"));
}
