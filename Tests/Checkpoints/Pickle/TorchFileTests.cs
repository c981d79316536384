using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Tensors;
using NUnit.Framework;

namespace GpuCnn.Tests.Checkpoints.Pickle;

/// <summary>Checks state dicts that PyTorch 1.13 saved (Vectors/make_torch_vectors.py).</summary>
public sealed class TorchFileTests : CheckpointFixture
{
    private static readonly string[] ModuleNames =
        ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked", "2.weight", "2.bias"];

    /// <summary>
    /// Includes a state dict under a key of a checkpoint, and prefixes of a model that was compiled or ran on several GPUs.
    /// </summary>
    [Test]
    public void TensorsOfModuleAreRead([Values("module", "module-old", "checkpoint", "checkpoint-old", "compiled")] string name)
    {
        using StateDict dict = Open(name);
        Assert.That(dict.Tensors.Keys, Is.EqualTo(ModuleNames));
        CheckCounts(dict, "0.weight", 3, 2, 2, 2);
        CheckCounts(dict, "1.running_var", 3);
        CheckCounts(dict, "2.weight", 2, 3);
        Assert.That(dict.Tensors["1.num_batches_tracked"].Shape, Is.Empty);
        Assert.That(dict.Tensors["1.num_batches_tracked"].Read().Values, Is.EqualTo(new float[1]));
    }

    [TestCase("views")]
    [TestCase("views-old")]
    public void ViewsAreReadInTheirOrder(string name)
    {
        using StateDict dict = Open(name);
        CheckCounts(dict, "plain", 2, 3);
        CheckCounts(dict, "last", 2, 3, 2, 2);
        CheckCounts(dict, "parameter", 3);
        CheckCounts(dict, "first half", 3);
        Check(dict, "turned", [2, 3], 0, 2, 4, 1, 3, 5);
        Check(dict, "middle", [5], 3, 4, 5, 6, 7);
        Check(dict, "every second", [5], 1, 3, 5, 7, 9);
        Check(dict, "second half", [3], 3, 4, 5);
        Check(dict, "scalar", [], 10);
        Check(dict, "none", [0, 3]);
    }

    [Test]
    public void EveryTypeBecomesFloat32()
    {
        using StateDict dict = Open("types");
        Assert.That(dict.Tensors, Has.Count.EqualTo(10));
        foreach ((string type, StateTensor tensor) in dict.Tensors)
            Assert.That(tensor.Read().Values, Is.EqualTo(type == "torch.bool" ? new float[] { 0, 1, 1, 1 } : [0, 1, 3, 100]), type);
    }

    [Test]
    public void AWholeModelIsRefusedByName() =>
        Assert.That(
            MessageOf("whole", () => Open("whole")),
            Does.Contain("'torch.nn.modules.linear.Linear'").And.Contain("state_dict()"));

    [Test]
    public void SafetensorsAreRecognised()
    {
        // The header is 128 bytes long, so the file begins like a pickle.
        string path = At("any.name");
        SafetensorsFile.Write(path, [Named("module.a", [2], 1, 2), Named("module.b", [], 3)]);
        Assert.That(File.ReadAllBytes(path)[0], Is.EqualTo(0x80));
        using StateDict dict = StateDict.Open(path);
        Assert.That(dict.Tensors.Keys, Is.EqualTo(new[] { "a", "b" }));
        Assert.That(dict.Tensors["a"].Read().Values, Is.EqualTo(new float[] { 1, 2 }));
    }

    [Test]
    public void OtherFilesAreRefusedWithTheirFirstBytes()
    {
        string path = At("not.pth");
        File.WriteAllText(path, "Not a state dict at all.");
        Assert.That(MessageOf(path, () => StateDict.Open(path)), Does.Contain("begins with the bytes 4E6F74"));
        Assert.That(MessageOf(At("none.pth"), () => StateDict.Open(At("none.pth"))), Does.Contain("found none"));
    }

    private static StateDict Open(string name) =>
        StateDict.Open(Path.Combine(AppContext.BaseDirectory, "Checkpoints", "Vectors", $"torch-{name}.pth"));

    /// <summary>Expects quarters of 0, 1, 2 and so on, row-major.</summary>
    private static void CheckCounts(StateDict dict, string name, params int[] dimensions)
    {
        int count = dimensions.Aggregate(1, (product, dimension) => product * dimension);
        Check(dict, name, dimensions, [.. Enumerable.Range(0, count).Select(i => (float)i)]);
    }

    private static void Check(StateDict dict, string name, int[] dimensions, params float[] quarters)
    {
        Tensor tensor = dict.Tensors[name].Read();
        Assert.That(tensor.Dimensions, Is.EqualTo(dimensions), name);
        Assert.That(tensor.Values, Is.EqualTo(quarters.Select(value => value / 4)), name);
    }
}
