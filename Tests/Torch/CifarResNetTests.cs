using System.Globalization;
using System.Text.Json;
using GpuCnn.Data;
using GpuCnn.Engine.Devices;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Torch;

/// <summary>
/// Compares the accuracy of a CIFAR ResNet on both sides: one that PyTorch trained on PNG files and one trained here. Both sides read the
/// same files, and decode, scale and normalize them on their own.
/// </summary>
public sealed class CifarResNetTests
{
    /// <summary>Tolerance relative to the largest logit, for float32 sums in another order through twenty layers.</summary>
    private const double LogitTolerance = 1e-4;

    /// <summary>Tolerance of 0.05 percentage points, less than one of the four hundred images.</summary>
    private const double AccuracyTolerance = 5e-4;

    private const string Mean = "0.4914,0.4822,0.4465", Std = "0.247,0.2435,0.2616";

    private readonly TemporaryFolder _folder = new();

    private string Data => _folder["data"];

    private static bool IsLong => Environment.GetEnvironmentVariable("GPUCNN_LONG_TESTS") == "1";

    [OneTimeSetUp]
    public void DrawImages() => DemoDataset.Write(Data, seed: 3, trainPerClass: IsLong ? 400 : 100, validationPerClass: IsLong ? 100 : 25);

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    /// <summary>
    /// Imports a checkpoint with the classes in an order of its own, parameter names with the prefix of a model on several GPUs, and the
    /// state
    /// dict beside the optimizer's.
    /// </summary>
    [Test]
    public void TheirCheckpointIsAsAccurateHere()
    {
        string[] classes = ["monument", "flower", "car", "bus"];
        JsonElement theirs = Python("train", Data, string.Join(',', classes), Mean, Std, IsLong ? "120" : "50", _folder.Path);
        if (IsLong) Assert.That(Top1(theirs), Is.InRange(0.6, 0.95), "a network that is right on some images and wrong on others");
        string weights = _folder["theirs.safetensors"];
        string classesFile = _folder.Add(System.Text.Encoding.UTF8.GetBytes(string.Join('\n', classes)), "classes.txt");
        Succeed("import", "--model", "resnet20", "--from", _folder["checkpoint.pth"], "--out", weights,
            "--classes-file", classesFile, "--mean", Mean, "--std", Std);
        foreach (string device in Devices) Compare(weights, device, theirs);
    }

    [Test]
    public void OurWeightsAreAsAccurateThere()
    {
        Succeed("train", "--model", "resnet20", "--data", Data, "--batch", "32", "--epochs", IsLong ? "2" : "4", "--lr", "0.02",
            "--schedule", "constant", "--device", "cpu", "--out", _folder["run"]);
        string weights = _folder["run", "final.safetensors"];
        JsonElement theirs = Python("evaluate", Data, weights);
        if (IsLong) Assert.That(Top1(theirs), Is.InRange(0.6, 0.97), "a network that is right on some images and wrong on others");
        foreach (string device in Devices) Compare(weights, device, theirs);
    }

    private static IEnumerable<string> Devices => new[] { "cpu", "opencl" }.Where(name =>
        DeviceCatalog.List().Any(listing => listing.IsUsable && listing.Name.StartsWith(name, StringComparison.Ordinal)));

    private void Compare(string weights, string device, JsonElement theirs)
    {
        double top1 = Succeed("eval", "--weights", weights, "--data", Data, "--device", device, "--json")
            .Json.GetProperty("top1").GetDouble();
        Dictionary<string, double[]> expected =
            theirs.GetProperty("logits").EnumerateObject().ToDictionary(file => file.Name, file => Numbers(file.Value));
        double largest = expected.Values.SelectMany(logits => logits).Max(Math.Abs), off = 0;
        JsonElement rows = Succeed(["predict", "--weights", weights, "--device", device, "--json", "--logits", .. expected.Keys]).Json;
        foreach (JsonElement row in rows.EnumerateArray())
        {
            double[] theirLogits = expected[row.GetProperty("file").GetString()!];
            off = Math.Max(off, Numbers(row.GetProperty("logits")).Zip(theirLogits, (our, their) => Math.Abs(our - their)).Max());
        }
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{device}, {expected.Count} images: top-1 {top1:P2}, PyTorch's {Top1(theirs):P2}; "
            + $"largest difference of logits {off / largest:E1} of the largest"));
        Assert.That(top1, Is.EqualTo(Top1(theirs)).Within(AccuracyTolerance), device);
        Assert.That(off / largest, Is.LessThan(LogitTolerance), device);
    }

    private static JsonElement Python(params string[] args) => JsonDocument.Parse(PyTorch.Run("cifar_resnet.py", args)).RootElement;

    private static double Top1(JsonElement report) => report.GetProperty("top1").GetDouble();

    private static double[] Numbers(JsonElement values) => [.. values.EnumerateArray().Select(value => value.GetDouble())];
}
