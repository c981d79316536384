using System.Globalization;
using GpuCnn.Engine.Devices;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Torch;

/// <summary>Exchanges weights with PyTorch: both sides compute the same logits.</summary>
public sealed class TorchWeightsTests
{
    /// <summary>Tolerance for float32 sums in another order, through up to fifty layers. Measured: 1E-6 to 5E-6.</summary>
    private const double Tolerance = 1e-4;

    [TestCase("smallcnn", "3x64x64")]
    [TestCase("resnet18", "3x64x64")]
    [TestCase("googlenet-torchvision", "3x64x64")]
    // Ceil-mode pools over maps of 2x2, which are smaller than their window.
    [TestCase("googlenet-torchvision", "3x16x16")]
    [TestCase("googlenet-torchvision", "3x15x15")]
    public void OurFilesLoadThereByName(string name, string size) =>
        Assert.That(TheirNetwork.DistanceOf(name, size), Is.LessThan(Tolerance));

    /// <summary>Compares logits on photographs that Python decoded and cropped to the networks' size. Takes minutes.</summary>
    [Test]
    public void TheirFilesImportToTheSameLogits(
        [Values("resnet18", "resnet50", "vgg16", "googlenet", "alexnet")] string name, [Values("cpu", "opencl")] string device)
    {
        if (Environment.GetEnvironmentVariable("GPUCNN_LONG_TESTS") != "1") Assert.Ignore("Takes minutes; GPUCNN_LONG_TESTS=1 runs it.");
        if (!DeviceCatalog.List().Any(listing => listing.IsUsable && listing.Name.StartsWith(device, StringComparison.Ordinal)))
            Assert.Ignore($"Needs {device}.");
        using TemporaryFolder folder = new();
        string[] photographs =
        [
            .. Directory.EnumerateFiles(TestData.Require("imagenet-sample"), "*.JPEG", SearchOption.AllDirectories)
                .Order(StringComparer.Ordinal).Where((_, i) => i % 25 == 0),
        ];
        PyTorch.Run("save_model.py", [name, "3", folder.Path, .. photographs]);
        string[] images = [.. photographs.Select((_, i) => folder[$"{i}.ppm"])];
        string ours = name is "alexnet" or "googlenet" ? $"{name}-torchvision" : name;
        Succeed("import", "--model", ours, "--from", folder["weights.pth"], "--out", folder["ours.safetensors"]);
        double[][] expected =
        [
            .. File.ReadLines(folder["logits.txt"])
                .Select(line => line.Split(' ').Select(text => double.Parse(text, CultureInfo.InvariantCulture)).ToArray()),
        ];
        var rows = Succeed(["predict", "--weights", folder["ours.safetensors"], "--device", device, "--json", "--logits", .. images]).Json;
        for (int i = 0; i < images.Length; i++)
        {
            double[] actual = [.. rows[i].GetProperty("logits").EnumerateArray().Select(value => value.GetDouble())];
            double off = actual.Zip(expected[i], (a, e) => Math.Abs(a - e)).Max() / expected[i].Max(Math.Abs);
            TestContext.Out.WriteLine($"{name} on {device}, image {i}: {off:E1}");
            Assert.That(off, Is.LessThan(Tolerance), $"{name} on {device}, image {i}");
        }
    }
}
