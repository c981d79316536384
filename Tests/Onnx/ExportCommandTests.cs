using System.Text.Json;
using GpuCnn.Cli;
using GpuCnn.Data;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices.Cpu;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Cli;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Onnx;

public sealed class ExportCommandTests
{
    private static readonly string[] HostileNames =
        ["<b>&amp;\"'</b>", "zwei\nZeilen\r\n", "größe, 猫 \U0001F408", "a,b\t\\", "{\"0\": [1]}"];

    private readonly TemporaryFolder _folder = new();
    private readonly CpuDevice _device = new(threads: 1);

    [OneTimeTearDown]
    public void Remove()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void ARunIsExportedWithWhatItsImagesNeed()
    {
        string data = TinyData.Write(_folder);
        Succeed("train", "--model", "resnet20", "--input", "3x16x16", "--data", data, "--batch", "6", "--steps", "2", "--out",
            _folder["run"]);
        string text = Succeed("export", _folder["run"], "--onnx", _folder["run.onnx"]).Output;
        Assert.That(text, Does.Contain("resnet20").And.Contain("opset 17").And.Contain("19 of 19 batch norms")
            .And.Contain("[batch, 3, 16, 16]").And.Contain("[batch, 3]").And.Contain("EXIF").And.Contain("R, G, B")
            .And.Contain("images, channels, rows, columns"));
        OnnxFile file = OnnxFile.Read(_folder["run.onnx"]);
        Engine.Checkpoints.ModelMetadata metadata = ModelFile.Load(_folder["run", "best.safetensors"]).Metadata;
        Assert.That(file.Classes, Is.EqualTo(TinyData.Classes));
        Assert.That(file.Metadata.Keys, Is.SupersetOf(new[] { "model", "input", "classes", "mean", "std", "fit", "preprocessing" }));
        Assert.That(file.Metadata.Keys, Has.None.EqualTo("validated").And.None.EqualTo("trained"));
        foreach (float value in metadata.Mean.Concat(metadata.Std))
            Assert.That(file.Metadata["preprocessing"], Does.Contain(FormattableString.Invariant($"{value}")));
        Assert.That(Succeed("export", _folder["run", "final.safetensors"], "--onnx", _folder["kept.onnx"], "--no-fold").Output,
            Does.Contain("0 of 19 batch norms"));
        Assert.That(OnnxFile.Read(_folder["kept.onnx"]).Types, Has.Some.EqualTo("BatchNormalization"));
    }

    /// <summary>A program that knows the file alone, and does what its entries say, gets what <c>predict</c> gets.</summary>
    [TestCase("smallcnn", 3)]
    [TestCase("lenet5", 1)]
    public void AnImagePreparedAsTheFileSaysGivesTheSameLogits(string architecture, int channels)
    {
        using var model = Model.Create(architecture, ["a", "b", "c"], _device, Shape.Volume(channels, 20, 24));
        model.Preparation = channels == 3 ? new() { Mean = [0.4f, 0.5f, 0.3f], Std = [0.2f, 0.25f, 0.3f] }
            : new() { Mean = [0.13f], Std = [0.31f] };
        var image = new PixelImage(24, 20, channels);
        new Random(3).NextBytes(image.Pixels);
        model.SaveOnnx(_folder["prepared.onnx"]);

        using InferenceSession session = new(_folder["prepared.onnx"]);
        Dictionary<string, string> entries = session.ModelMetadata.CustomMetadataMap;
        float[] mean = JsonSerializer.Deserialize<float[]>(entries["mean"])!, std = JsonSerializer.Deserialize<float[]>(entries["std"])!;
        int[] size = [.. entries["input"].Split('x').Select(int.Parse)];
        var input = new DenseTensor<float>([1, .. size]);
        for (int c = 0; c < size[0]; c++)
            for (int y = 0; y < size[1]; y++)
                for (int x = 0; x < size[2]; x++)
                    input[0, c, y, x] = (image.Pixels[(y * size[2] + x) * size[0] + c] / 255f - mean[c]) / std[c];
        using var results = session.Run([NamedOnnxValue.CreateFromTensor("input", input)]);
        Assert.That(results[0].AsTensor<float>().ToArray(), Is.EqualTo(model.Logits(image)).Within(1e-4));
    }

    /// <summary>Weights of PyTorch's, with another head than the file's.</summary>
    [Test]
    public void ImportedWeightsAreExported([Values(10, 4)] int classes)
    {
        using (var source = Model.Create("resnet20", [.. Enumerable.Range(0, 10).Select(number => $"{number}")], _device))
        {
            OnnxComparison.Randomize(source, seed: 4);
            source.Save(_folder["torch.safetensors"]);
        }
        string[] names = [.. Enumerable.Range(0, classes).Select(number => $"class {number}")];
        using var model = Model.FromTorch("resnet20", _folder["torch.safetensors"], names, _device);
        Assert.That(OnnxComparison.Check(model).Classes, Is.EqualTo(names));
    }

    [Test]
    public void HostileNamesPassAsUtf8()
    {
        string weights = Write("hostile", HostileNames);
        Succeed("export", weights, "--onnx", _folder["hostile.onnx"]);
        Assert.That(OnnxFile.Read(_folder["hostile.onnx"]).Classes, Is.EqualTo(HostileNames));
        using InferenceSession session = new(_folder["hostile.onnx"]);
        Assert.That(JsonSerializer.Deserialize<string[]>(session.ModelMetadata.CustomMetadataMap["classes"]),
            Is.EqualTo(HostileNames));
    }

    [TestCase(ImageFit.Pad, 0, false, "black image of 40x24", "larger than 40x24")]
    [TestCase(ImageFit.Resize, 0, true, "just covers 40x24", "as it is stored")]
    [TestCase(ImageFit.Resize, 48, false, "shorter side has 48 pixels", "centre of 40x24", "upright")]
    public void PreparationIsSaidInWords(ImageFit fit, int resizeTo, bool ignoresExif, params string[] parts)
    {
        using var model = Model.Create("smallcnn", ["a", "b"], _device, Shape.Volume(3, 24, 40));
        model.Preparation = new()
        {
            Fit = fit,
            ResizeTo = resizeTo,
            IgnoresExif = ignoresExif,
            Mean = [0.25f, 0.5f, 0.75f],
            Std = [1, 2, 3],
        };
        model.SaveOnnx(_folder["words.onnx"]);
        string steps = OnnxFile.Read(_folder["words.onnx"]).Metadata["preprocessing"];
        foreach (string part in (string[])[.. parts, "0.25, 0.5, 0.75", "1, 2, 3", "[batch, 3, 24, 40]"])
            Assert.That(steps, Does.Contain(part));
    }

    [Test]
    public void GrayImagesAreConverted()
    {
        string weights = Write("gray", ["a", "b"]);
        Assert.That(Succeed("export", weights, "--onnx", _folder["gray.onnx"]).Output, Does.Contain("0.299 R + 0.587 G + 0.114 B")
            .And.Not.Contain("R, G, B"));
    }

    [Test]
    public void MistakesAreOneLine()
    {
        string weights = Write("good", ["a", "b"]), target = _folder["out.onnx"];
        Fail(Program.WrongUsage, ["export", weights], "--onnx");
        Fail(Program.WrongUsage, ["export", "--onnx", target], "WEIGHTS");
        Fail(Program.WrongUsage, ["export", weights, "--onnx", weights], "another file", "good.safetensors");
        Fail(Program.Failed, ["export", _folder["none.safetensors"], "--onnx", target], "none.safetensors");
        Fail(Program.Failed, ["export", weights, "--onnx", _folder["missing", "out.onnx"]], "out.onnx", "does not exist");
        Fail(Program.Failed, ["export", weights, "--onnx", _folder.Path], "expected a file");
        Fail(Program.Failed, ["export", _folder.Path, "--onnx", target], _folder.Path);

        string nameless = _folder["nameless.safetensors"];
        SafetensorsFile.Write(nameless, ModelFile.Load(weights).Tensors, new Dictionary<string, string> { ["format"] = "pt" });
        Fail(Program.Failed, ["export", nameless, "--onnx", target], "nameless.safetensors", "does not say which model");
        Assert.That(File.Exists(target), Is.False);
    }

    [TestCase("fc1.bias", float.NaN, "fc1.bias holds NaN")]
    [TestCase("fc1.bias", float.PositiveInfinity, "fc1.bias holds Infinity")]
    public void WeightsThatAreNotFiniteAreRefusedAndTheOldFileStays(string path, float value, string expected)
    {
        string weights = Write("broken", ["a", "b"]), target = _folder.Add([1, 2, 3], "old.onnx");
        ModelFile file = ModelFile.Load(weights);
        string name = file.Tensors.Keys.First(key => key.EndsWith(".bias", StringComparison.Ordinal));
        file.Tensors[name].Values[0] = value;
        ModelFile.Save(weights, file.Metadata, file.Tensors);
        Fail(Program.Failed, ["export", weights, "--onnx", target], expected.Replace(path, name), "broken.safetensors");
        Assert.That(File.ReadAllBytes(target), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(Directory.GetFiles(_folder.Path, "*.tmp"), Is.Empty);
    }

    /// <summary>A variance below 0 is finite, but the folded filter is not.</summary>
    [Test]
    public void ANegativeVarianceIsRefusedWhereItIsFolded()
    {
        using (var model = Model.Create("resnet20", ["a", "b"], _device)) model.Save(_folder["negative.safetensors"]);
        ModelFile file = ModelFile.Load(_folder["negative.safetensors"]);
        file.Tensors["layer1.1.bn2.running_var"].Values[3] = -1;
        ModelFile.Save(_folder["negative.safetensors"], file.Metadata, file.Tensors);
        Fail(Program.Failed, ["export", _folder["negative.safetensors"], "--onnx", _folder["negative.onnx"]], "layer1.1.bn2", "NaN");
    }

    private string Write(string name, string[] classes)
    {
        using var model = Model.Create("lenet5", classes, _device);
        model.Save(_folder[$"{name}.safetensors"]);
        return _folder[$"{name}.safetensors"];
    }
}
