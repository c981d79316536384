using System.Text.Json;
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
    public void ARunIsResumedToTheSameBits([Values("--balanced-sampling")] string option)
    {
        string[] options = ["train", "--model", "smallcnn", "--data", _data, "--input", "3x16x16", "--batch", "4", "--augment", "crop2,flip",
            "--epochs", "3", option];
        string name = option.TrimStart('-').Replace(' ', '-');
        string whole = _folder[$"{name}-whole"], parts = _folder[$"{name}-parts"], plain = _folder[$"{name}-plain"];
        Assert.That(Succeed([.. options, "--out", whole]).Output, Does.Contain("drawn equally often, 18 images an epoch"));
        Succeed([.. options, "--out", parts, "--steps", "6"]);
        Assert.That(Settings(parts).TryGetProperty("balancedSampling", out JsonElement kept) && kept.GetBoolean(), "kept in config.json");
        Succeed("train", "--resume", parts, "--epochs", "3");
        Assert.That(Bytes(parts), Is.EqualTo(Bytes(whole)));
        Succeed([.. options[..^1], "--out", plain]);
        Assert.That(Settings(plain).TryGetProperty("balancedSampling", out _), Is.False, "nothing new in the file of other runs");
        Assert.That(Bytes(plain), Is.Not.EqualTo(Bytes(whole)));
    }

    private static JsonElement Settings(string run) =>
        JsonDocument.Parse(File.ReadAllText(Path.Join(run, "config.json"))).RootElement.GetProperty("settings");

    private static byte[] Bytes(string run) => File.ReadAllBytes(Path.Join(run, "final.safetensors"));
}
