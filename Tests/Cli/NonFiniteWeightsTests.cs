using GpuCnn.Cli;
using GpuCnn.Engine.Checkpoints;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Weights that hold or give NaN and infinities are refused in one line, also where JSON is asked for.</summary>
public sealed class NonFiniteWeightsTests
{
    private readonly TemporaryFolder _folder = new();
    private string _data = "", _good = "", _image = "";

    [OneTimeSetUp]
    public void Train()
    {
        _data = TinyData.Write(_folder);
        _image = _folder["data", "val", "red", "00.png"];
        Succeed("train", "--model", "resnet20", "--input", "3x16x16", "--data", _data, "--batch", "6", "--steps", "2", "--out",
            _folder["run"]);
        _good = _folder["run", "final.safetensors"];
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void EvalAndPredictNameTheFirstTensor(
        [Values("conv1.weight", "layer2.0.bn1.running_mean", "fc.bias")] string path,
        [Values(float.NaN, float.PositiveInfinity, float.NegativeInfinity)] float value, [Values] bool json)
    {
        string weights = Changed("bad.safetensors", (path, 0, value), ("fc.bias", 2, float.NaN));
        string[] extra = json ? ["--json"] : [];
        string expected = FormattableString.Invariant($"{path} holds {value}");
        foreach (string[] args in new string[][]
        {
            ["predict", "--weights", weights, _image], ["predict", "--weights", weights, "--logits", _folder["data", "val"]],
            ["eval", "--weights", weights, "--data", _data], ["eval", "--weights", weights, "--data", _data, "--ten-crop"],
            ["eval", "--weights", $"{_good},{weights}", "--data", _data],
        })
        {
            Fail(Program.Failed, [.. args, .. extra], expected, "bad.safetensors");
            Assert.That(Run([.. args, .. extra]).Output, Does.Not.Contain("NaN").And.Not.Contain("Infinity"));
        }
    }

    /// <summary>A value that the activation after it hides: the outputs are finite, but worth nothing.</summary>
    [Test]
    public void AValueThatNoOutputShowsIsFoundToo()
    {
        string weights = Changed("hidden.safetensors", ("bn1.bias", 0, float.NegativeInfinity));
        Fail(Program.Failed, ["predict", "--weights", weights, _image], "bn1.bias holds -Infinity");
        Fail(Program.Failed, ["eval", "--weights", weights, "--data", _data], "bn1.bias holds -Infinity");
    }

    /// <summary>A variance below 0 is finite, but its root is not.</summary>
    [Test]
    public void FiniteWeightsThatGiveNaNNameTheLayerAndTheImage([Values] bool json)
    {
        string weights = Changed("negative.safetensors", ("layer1.1.bn2.running_var", 3, -1f));
        string[] extra = json ? ["--json"] : [];
        Fail(Program.Failed, ["predict", "--weights", weights, _image, .. extra], "NaN", "layer1.1.bn2", Path.GetFileName(_image),
            "weights are finite");
        Fail(Program.Failed, ["eval", "--weights", weights, "--data", _data, .. extra], "NaN", "layer1.1.bn2", "00.png");
        Fail(Program.Failed, ["eval", "--weights", $"{_good},{weights}", "--data", _data, .. extra], "NaN", "layer1.1.bn2");
    }

    /// <summary>Writes the good weights with a few values changed.</summary>
    private string Changed(string name, params (string Path, int Index, float Value)[] changes)
    {
        ModelFile file = ModelFile.Load(_good);
        foreach ((string path, int index, float value) in changes) file.Tensors[path].Values[index] = value;
        ModelFile.Save(_folder[name], file.Metadata, file.Tensors);
        return _folder[name];
    }
}
