using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine;
using NUnit.Framework;

namespace GpuCnn.Tests.Checkpoints;

public sealed class ModelFileTests : CheckpointFixture
{
    private static readonly ModelMetadata Metadata = new(
        "resnet18", Shape.Volume(3, 224, 224), ["cat", "crane", "crane", "Größe \"重み\" 😀"],
        [0.485f, 1f / 3, float.Epsilon], [0.229f, 1e-20f, float.MaxValue], ImageFit.Resize);

    private string Saved => At("model.safetensors");

    [Test]
    public void SavedModelLoadsUnchanged([Values] ImageFit fit)
    {
        var extra = new Dictionary<string, string> { ["step"] = "12", ["random"] = "{\"seed\":1}" };
        ModelFile.Save(Saved, Metadata with { Fit = fit }, [Named("w", [2], 1, 2), Named("velocity.w", [2], 3, 4)], extra);
        ModelFile model = ModelFile.Load(Saved);
        Assert.That(model.Metadata.Model, Is.EqualTo("resnet18"));
        Assert.That(model.Metadata.Input, Is.EqualTo(Metadata.Input));
        Assert.That(model.Metadata.Classes, Is.EqualTo(Metadata.Classes));
        Assert.That(model.Metadata.Mean, Is.EqualTo(Metadata.Mean));
        Assert.That(model.Metadata.Std, Is.EqualTo(Metadata.Std));
        Assert.That(model.Metadata.Fit, Is.EqualTo(fit));
        Assert.That((model.Metadata.Validated, model.Metadata.Trained), Is.EqualTo((default(ImageHashes), default(ImageHashes))));
        Assert.That(model.Extra, Is.EquivalentTo(extra));
        Assert.That(model.Tensors.Keys, Is.EquivalentTo(["w", "velocity.w"]));
        Assert.That(model.Tensors["velocity.w"].Values, Is.EqualTo(new float[] { 3, 4 }));
    }

    [Test]
    public void ImagesOfTheRunAreKept()
    {
        ImageHashes validated = ImageHashes.Of(2, [1UL << 60, 5UL << 30]), trained = ImageHashes.Of(100, [7UL << 40]);
        ModelFile.Save(Saved, Metadata with { Validated = validated, Trained = trained }, [],
            new Dictionary<string, string> { ["x"] = "1" });
        ModelFile model = ModelFile.Load(Saved);
        Assert.That(model.Metadata.Validated!.ToString(), Is.EqualTo(validated.ToString()));
        Assert.That(model.Metadata.Trained!.ToString(), Is.EqualTo(trained.ToString()));
        Assert.That(model.Extra.Keys, Is.EqualTo(new[] { "x" }));
        Assert.That(LoadWith("validated", "2:AAAA"), Does.Contain("'validated'").And.Contain("'2:AAAA'"));
        Assert.That(LoadWith("trained", ""), Does.Contain("'trained'"));
    }

    [Test]
    public void EveryFloatKeepsItsBits()
    {
        var random = new Random(7);
        float[] values = [.. Enumerable.Range(0, 5000).Select(_ => BitConverter.Int32BitsToSingle(random.Next(0x7F800000)))];
        Assume.That(values, Has.All.GreaterThan(0f));
        ModelMetadata metadata = Metadata with { Input = Shape.Volume(5000, 1, 1), Mean = values, Std = values };
        ModelFile.Save(Saved, metadata, []);
        Assert.That(ModelFile.Load(Saved).Metadata.Std, Is.EqualTo(values));
        Assert.That(ModelFile.Load(Saved).Metadata.Mean, Is.EqualTo(values));
    }

    /// <summary>Other tools rely on these names and spellings.</summary>
    [Test]
    public void EntriesKeepTheirPublishedSpelling()
    {
        ModelFile.Save(Saved, Metadata with { Classes = ["a", "b"], Mean = [0.5f, 0.25f, 0], Std = [1, 1, 0.1f] }, [], null);
        using SafetensorsFile file = SafetensorsFile.Open(Saved);
        Assert.That(file.Metadata, Is.EquivalentTo(new Dictionary<string, string>
        {
            ["format"] = "pt",
            ["gpucnn"] = "1",
            ["model"] = "resnet18",
            ["input"] = "3x224x224",
            ["classes"] = "[\"a\",\"b\"]",
            ["mean"] = "[0.5,0.25,0]",
            ["std"] = "[1,1,0.1]",
            ["fit"] = "resize",
        }));
    }

    [Test]
    public void SameModelGivesSameBytes()
    {
        KeyValuePair<string, Tensor>[] tensors = [Named("b", [1], 1), Named("a", [1], 2)];
        var extra = new Dictionary<string, string> { ["x"] = "1", ["y"] = "2" };
        ModelFile.Save(At("one"), Metadata, tensors, extra);
        ModelFile.Save(At("two"), Metadata, tensors.Reverse(), extra.Reverse().ToDictionary());
        Assert.That(File.ReadAllBytes(At("one")), Is.EqualTo(File.ReadAllBytes(At("two"))));
    }

    [Test]
    public void FileWithoutModelIsNotAWeightsFile()
    {
        Dictionary<string, string> foreign = new() { ["format"] = "pt", ["model"] = "x" };
        foreach (Dictionary<string, string>? metadata in new[] { null, foreign })
        {
            SafetensorsFile.Write(Saved, [Named("w", [1], 1)], metadata);
            var refusal = Assert.Throws<NotAWeightsFileException>(() => ModelFile.Load(Saved))!;
            Assert.That(
                refusal.Message,
                Does.Contain(Saved).And.Contains("is a safetensors file but does not say which model it holds"));
        }
    }

    [TestCase("model")]
    [TestCase("input")]
    [TestCase("classes")]
    [TestCase("mean")]
    [TestCase("std")]
    [TestCase("fit")]
    public void AMissingEntryIsNamed(string key) => Assert.That(LoadWith(key, null), Does.Contain($"'{key}' is missing"));

    [TestCase("gpucnn", "2", "version '2'; expected version 1")]
    [TestCase("model", " ", "the name of a model")]
    [TestCase("input", "3x224", "'3x224'")]
    [TestCase("input", "3x-1x2", "'3x-1x2'")]
    [TestCase("input", "1x1048576x1048576", "CxHxW")]
    [TestCase("classes", "cat", "a JSON array of names")]
    [TestCase("classes", "[1]", "a JSON array of names")]
    [TestCase("classes", "[null]", "a JSON array of names")]
    [TestCase("classes", "{}", "a JSON array of names")]
    [TestCase("classes", "[\"\\ud800\"]", "a JSON array of names")]
    [TestCase("classes", "[]", "at least one class")]
    [TestCase("mean", "[0.5", "a JSON array of numbers")]
    [TestCase("mean", "[\"0.5\"]", "a JSON array of numbers")]
    [TestCase("mean", "[0.5]", "3 values as mean")]
    [TestCase("mean", "[1e39,0,0]", "finite")]
    [TestCase("std", "[1,1]", "3 values as std")]
    [TestCase("std", "[1,0,1]", "above 0")]
    [TestCase("std", "[1,-1,1]", "above 0")]
    [TestCase("fit", "stretch", "pad or resize")]
    [TestCase("fit", "0", "pad or resize")]
    public void AWrongEntryIsNamed(string key, string value, string expected) =>
        Assert.That(LoadWith(key, value), Does.Contain(expected));

    [Test]
    public void AContradictionIsNotSaved()
    {
        foreach (ModelMetadata wrong in new[]
        {
            Metadata with { Model = "" }, Metadata with { Input = default }, Metadata with { Classes = [] },
            Metadata with { Mean = [0] }, Metadata with { Mean = [0, float.NaN, 0] },
            Metadata with { Std = [1, 1, 0] }, Metadata with { Std = [1, 1, float.PositiveInfinity] },
        })
            Assert.That(MessageOf(Saved, () => ModelFile.Save(Saved, wrong, [])), Does.Contain("cannot be written: expected"));
        Assert.That(File.Exists(Saved), Is.False);
    }

    [Test]
    public void AnExtraEntryCannotReplaceTheModels()
    {
        foreach (string key in new[] { "model", "format", "gpucnn", "std" })
        {
            var extra = new Dictionary<string, string> { [key] = "x" };
            Assert.That(() => ModelFile.Save(Saved, Metadata, [], extra), Throws.ArgumentException);
        }
    }

    [Test]
    public void AFailedSaveKeepsTheOldFile()
    {
        ModelFile.Save(Saved, Metadata, [Named("w", [1], 1)]);
        Assert.That(() => ModelFile.Save(Saved, Metadata, [Named("w", [1], 1), Named("w", [1], 2)]), Throws.ArgumentException);
        Assert.That(ModelFile.Load(Saved).Tensors["w"].Values, Is.EqualTo(new[] { 1f }));
        Assert.That(() => ModelFile.Save(At("no/file"), Metadata, []), Throws.InstanceOf<GpuCnnException>());
    }

    /// <summary>Returns the message of loading a file with another value for an entry, or without the entry.</summary>
    private string LoadWith(string key, string? value)
    {
        ModelFile.Save(Saved, Metadata, []);
        Dictionary<string, string> entries;
        using (SafetensorsFile file = SafetensorsFile.Open(Saved)) entries = file.Metadata.ToDictionary();
        if (value is null) entries.Remove(key);
        else entries[key] = value;
        SafetensorsFile.Write(Saved, [], entries);
        return MessageOf(Saved, () => ModelFile.Load(Saved));
    }
}
