using System.IO.Compression;
using GpuCnn.Engine.Checkpoints;
using NUnit.Framework;

namespace GpuCnn.Tests.Checkpoints.Pickle;

/// <summary>Checks what training scripts save around the weights (Vectors/make_torch_vectors.py, PyTorch 1.13).</summary>
public sealed class TorchScriptFileTests : CheckpointFixture
{
    private static readonly string[] ModuleNames =
        ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked", "2.weight", "2.bias"];

    /// <summary>Weights between plain values of 22 kinds, before and after them.</summary>
    [Test]
    public void PlainValuesBesideTheWeightsArePassedOver([Values("script", "script-old")] string name)
    {
        using StateDict dict = Open(name);
        Assert.That(dict.Tensors.Keys, Is.EqualTo(ModuleNames));
        Assert.That(dict.Tensors["2.weight"].Read().Values, Is.EqualTo(new[] { 0, 0.25f, 0.5f, 0.75f, 1, 1.25f }));
        Assert.That(dict.Key, Is.EqualTo("state_dict"));
        Assert.That(dict.Strangers, Is.Empty);
        Assert.That(dict.OtherKeys, Is.Empty);
    }

    [Test]
    public void ObjectsOfUnknownClassesAreNamed()
    {
        using StateDict dict = Open("unknown");
        Assert.That(dict.Tensors.Keys, Is.EqualTo(ModuleNames));
        Assert.That(dict.Strangers, Is.EqualTo(new[] { "__main__.Unknown" }));
    }

    [Test]
    public void WhatIsNoTensorInTheStateDictIsToldApart()
    {
        using StateDict dict = Open("inside");
        Assert.That(dict.Tensors.Keys, Is.EqualTo(ModuleNames));
        Assert.That(dict.Others, Is.EqualTo(new Dictionary<string, string>
        {
            ["extra"] = "an object of '__main__.Unknown'",
            ["epoch"] = "a number",
            ["2.scale"] = "None",
        }));
    }

    [Test]
    public void AveragedModelsCountIsLeftOut()
    {
        using StateDict dict = Open("averaged");
        Assert.That(dict.Tensors.Keys, Is.EqualTo(ModuleNames));
        Assert.That(dict.LeftOut, Is.EqualTo(new[] { "n_averaged" }));
    }

    [TestCase(null, "model", -0.25f)]
    [TestCase("model", "model", -0.25f)]
    [TestCase("model_ema", "model_ema", 0.25f)]
    public void OfSeveralStateDictsTheUsualOrTheNamedIsTaken(string? key, string taken, float second)
    {
        using StateDict dict = Open("model-and-ema", key);
        Assert.That(dict.Tensors.Keys, Is.EqualTo(ModuleNames));
        Assert.That(dict.Tensors["0.bias"].Read().Values[1], Is.EqualTo(second));
        Assert.That(dict.Key, Is.EqualTo(taken));
        Assert.That(dict.OtherKeys, Is.EqualTo(key is null ? ["model_ema"] : Array.Empty<string>()));
    }

    [TestCase(null)]
    [TestCase("ema.model")]
    public void AStateDictTwoLevelsDownIsFound(string? key)
    {
        using StateDict dict = Open("nested", key);
        Assert.That(dict.Tensors.Keys, Is.EqualTo(ModuleNames));
        Assert.That(dict.Key, Is.EqualTo("ema.model"));
    }

    [Test]
    public void SeveralWithoutAUsualKeyAreRefusedByName()
    {
        SeveralStateDictsException refusal = Assert.Throws<SeveralStateDictsException>(() => Open("pair"));
        Assert.That(refusal.Keys, Is.EqualTo(new[] { "generator", "discriminator" }));
        using StateDict dict = Open("pair", "discriminator");
        Assert.That(dict.Tensors["0.bias"].Read().Values[1], Is.EqualTo(-0.25f));
        Assert.That(MessageOf("pair", () => Open("pair", "critic")), Does.Contain("'critic'").And.Not.Contain("\n"));
    }

    [Test]
    public void AKeyMayBeTheBeginningOfNames()
    {
        using StateDict dict = Open("parallel-inside", "features");
        Assert.That(dict.Tensors.Keys, Is.EqualTo(ModuleNames));
        Assert.That(MessageOf("module", () => Open("module", "9")), Does.Contain("'0', '1', '2'").And.Contain("'9'"));
    }

    [Test]
    public void WrappersInsideNamesAndCountersOfThopAreTakenOut()
    {
        using StateDict dict = Open("parallel-inside");
        Assert.That(dict.Tensors.Keys, Is.EqualTo(ModuleNames.Select(name => $"features.{name}").Append("fc.weight")));
        Assert.That(dict.LeftOut, Is.EqualTo(new[] { "total_ops", "features.module.0.total_params" }));
    }

    [Test]
    public void WrappersStayWhereNamesWouldBecomeOne()
    {
        string path = At("both.safetensors");
        SafetensorsFile.Write(path, [Named("module.a", [1], 1), Named("a", [1], 2)]);
        using StateDict dict = StateDict.Open(path);
        Assert.That(dict.Tensors.Keys, Is.EquivalentTo(new[] { "module.a", "a" }));
    }

    [Test]
    public void ExpandedViewsRepeatTheirValues()
    {
        using StateDict dict = Open("expanded");
        Check("all", [6], 4, 4, 4, 4, 4, 4);
        Check("rows", [2, 3], 0, 1, 2, 0, 1, 2);
        Check("columns", [2, 3], 0, 0, 0, 1, 1, 1);
        Check("zero stride", [1, 4, 2], 0, 0, 0, 0, 0, 0, 0, 0);

        void Check(string name, int[] dimensions, params float[] quarters)
        {
            Assert.That(dict.Tensors[name].Read().Dimensions, Is.EqualTo(dimensions), name);
            Assert.That(dict.Tensors[name].Read().Values, Is.EqualTo(quarters.Select(value => value / 4)), name);
        }
    }

    [TestCase(1)]
    [TestCase(21)]
    [TestCase(65536)]
    [TestCase(300_000)]
    public void ZerosAfterTheArchiveAreIgnored(int count)
    {
        string path = At("padded.pth");
        File.WriteAllBytes(path, [.. File.ReadAllBytes(Vector("module")), .. new byte[count]]);
        CheckModule(path);
    }

    [TestCase("\r\n")]
    [TestCase("bytes of another file, which a recovery tool left, PK and so on")]
    public void OtherBytesAfterTheArchiveAreIgnored(string tail)
    {
        string path = At("tail.pth");
        File.WriteAllBytes(path, [.. File.ReadAllBytes(Vector("module")), .. System.Text.Encoding.ASCII.GetBytes(tail)]);
        CheckModule(path);
    }

    /// <summary>Archives that were unpacked and packed again: in another folder or none, deflated, with entries of folders.</summary>
    [Test]
    public void ArchivesMayBePackedAgain(
        [Values("", "other/", "a/b/")] string root,
        [Values(CompressionLevel.NoCompression, CompressionLevel.SmallestSize)] CompressionLevel level)
    {
        string path = At("again.pth");
        File.Delete(path);
        using (ZipArchive from = ZipFile.OpenRead(Vector("module")), to = ZipFile.Open(path, ZipArchiveMode.Create))
        {
            if (root != "") to.CreateEntry(root);
            foreach (ZipArchiveEntry entry in from.Entries)
            {
                using Stream source = entry.Open(), target =
                    to.CreateEntry(root + entry.FullName[(entry.FullName.IndexOf('/') + 1)..], level).Open();
                source.CopyTo(target);
            }
        }
        CheckModule(path);
    }

    private static void CheckModule(string path)
    {
        using StateDict dict = StateDict.Open(path), whole = Open("module");
        Assert.That(dict.Tensors.Keys, Is.EqualTo(ModuleNames));
        foreach (string name in ModuleNames)
            Assert.That(dict.Tensors[name].Read().Values, Is.EqualTo(whole.Tensors[name].Read().Values), name);
    }

    private static StateDict Open(string name, string? key = null) => StateDict.Open(Vector(name), key);

    private static string Vector(string name) => Path.Combine(AppContext.BaseDirectory, "Checkpoints", "Vectors", $"torch-{name}.pth");
}
