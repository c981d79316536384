using GpuCnn.Cli;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;
using NUnit.Framework;
using static GpuCnn.Tests.Cli.CommandLine;

namespace GpuCnn.Tests.Cli;

/// <summary>Weights from elsewhere.</summary>
public sealed class ImportTests
{
    private const int Classes = 7;

    private readonly TemporaryFolder _folder = new();
    private Dictionary<string, Tensor> _tensors = [];

    [OneTimeSetUp]
    public void MakeTensors()
    {
        Network network = Architecture.Find("lenet5").Build(classes: Classes);
        _tensors = network.Parameters.ToDictionary(parameter => parameter.Path, parameter =>
        {
            var tensor = new Tensor([.. parameter.Spec.Dimensions]);
            for (int i = 0; i < tensor.Values.Length; i++) tensor.Values[i] = (i % 37 - 18) / 64f;
            return tensor;
        });
    }

    [OneTimeTearDown]
    public void Remove() => _folder.Dispose();

    [Test]
    public void ImportedWeightsPredict()
    {
        string from = Write(_tensors.ToDictionary(tensor => $"module.{tensor.Key}", tensor => tensor.Value)),
            to = _folder["imported.safetensors"];
        _folder.Add("zero\none \r\ntwo\nthree\nfour\nfive\nsix\n\n"u8.ToArray(), "names.txt");
        Assert.That(Succeed("import", "--model", "lenet5", "--from", from, "--out", to, "--classes-file", _folder["names.txt"], "--mean",
            "0.25", "--std", "0.5").Output,
            Does.Contain("lenet5, 61,451 parameters, input 1x32x32, 7 classes"));
        ModelFile file = ModelFile.Load(to);
        Assert.That(file.Metadata.Classes, Is.EqualTo(new[] { "zero", "one", "two", "three", "four", "five", "six" }));
        Assert.That(file.Metadata.Mean.Concat(file.Metadata.Std), Is.EqualTo(new[] { 0.25f, 0.5f }));
        Assert.That(file.Metadata.Fit, Is.EqualTo(Architecture.Find("lenet5").Recipe.Fit));
        foreach ((string name, Tensor tensor) in _tensors) Assert.That(file.Tensors[name].Values, Is.EqualTo(tensor.Values), name);
        TinyData.Write(_folder);
        Assert.That(Succeed("predict", "--weights", to, _folder["data", "val", "red", "00.png"]).Output,
            Does.Contain("six").Or.Contain("two"));

        // A weights file of our own is a state dict too.
        Succeed("import", "--model", "lenet5", "--from", to, "--out", _folder["again.safetensors"], "--mean", "0", "--std", "1");
        Assert.That(ModelFile.Load(_folder["again.safetensors"]).Metadata.Classes, Is.EqualTo(new[] { "0", "1", "2", "3", "4", "5", "6" }));
    }

    /// <summary>CIFAR's ResNets are found with either name of their last layer.</summary>
    [Test]
    public void TheLastLayerMayHaveAnotherName()
    {
        string to = _folder["renamed.safetensors"];
        Assert.That(Succeed("import", "--model", "lenet5", "--from", Write(Renamed("head.linear", 84)), "--out", to, "--mean", "0",
            "--std", "1").Output,
            Does.Contain("7 classes\nThe file calls the last layer head.linear.\n"));
        foreach ((string name, Tensor tensor) in ModelFile.Load(to).Tensors) Assert.That(tensor.Values,
            Is.EqualTo(_tensors[name].Values), name);
        // Not one for other values, and not one of two.
        Fail(Program.Failed, ["import", "--model", "lenet5", "--from", Write(Renamed("linear", 83)), "--out", _folder["no"], "--mean", "0",
            "--std", "1"], "fc3.weight missing", "linear.weight left over");
        Dictionary<string, Tensor> two = Renamed("linear", 84);
        two.Add("fc4.weight", new([3], new float[3]));
        Fail(Program.Failed, ["import", "--model", "lenet5", "--from", Write(two), "--out", _folder["no"], "--mean", "0", "--std", "1"],
            "fc3.weight missing", "linear.weight left over");

        Dictionary<string, Tensor> Renamed(string last, int values)
        {
            Dictionary<string, Tensor> tensors = _tensors.Where(tensor => !tensor.Key.StartsWith("fc3.", StringComparison.Ordinal))
                .ToDictionary();
            tensors.Add($"{last}.weight", new([Classes, values], _tensors["fc3.weight"].Values[..(Classes * values)]));
            tensors.Add($"{last}.bias", _tensors["fc3.bias"]);
            return tensors;
        }
    }

    /// <summary>As fine-tuned networks have it: in a Sequential, or beside the module that has the other layers.</summary>
    [TestCase("", "fc3.1", "fc3.1")]
    [TestCase("", "fc3.0.2", "fc3.0.2")]
    [TestCase("model.", "model.fc3.1", "model.fc3.1")]
    [TestCase("backbone.", "classifier", "classifier")]
    public void TheLastLayerMayBeInAnotherModule(string prefix, string last, string named)
    {
        Dictionary<string, Tensor> tensors = Moved(prefix, last);
        if (last == "classifier") tensors.Add("criterion.weight", new([Classes], new float[Classes]));
        string to = _folder["moved.safetensors"], said = Import(Write(tensors), to);
        Assert.That(said, Does.Contain($"The file calls the last layer {named}.\n"));
        Assert.That(said.Contains("Left out"), Is.EqualTo(last == "classifier"));
        foreach ((string name, Tensor tensor) in ModelFile.Load(to).Tensors) Assert.That(tensor.Values,
            Is.EqualTo(_tensors[name].Values), name);
    }

    /// <summary>A head of two layers computes something else, whatever the first one's form.</summary>
    [TestCase("", "fc3.3", "fc3.0")]
    [TestCase("backbone.", "classifier.3", "classifier.0")]
    public void AHeadOfTwoLayersIsRefused(string prefix, string last, string before)
    {
        Dictionary<string, Tensor> tensors = Moved(prefix, last);
        tensors.Add($"{before}.weight", new([84, 84], new float[84 * 84]));
        tensors.Add($"{before}.bias", new([84], new float[84]));
        Fail(Program.Failed, Arguments(Write(tensors)), "fc3.weight missing");
    }

    [TestCase("model.")]
    [TestCase("net.")]
    [TestCase("backbone.")]
    [TestCase("module.model.", "model.")]
    [TestCase("encoder.body.")]
    public void APrefixIsTakenOff(string prefix, string? said = null)
    {
        Dictionary<string, Tensor> tensors = _tensors.ToDictionary(tensor => prefix + tensor.Key, tensor => tensor.Value);
        string to = _folder["prefixed.safetensors"];
        Assert.That(Import(Write(tensors), to), Does.Contain($"begin with '{said ?? prefix}'").And.Not.Contain("Left out"));
        foreach ((string name, Tensor tensor) in ModelFile.Load(to).Tensors) Assert.That(tensor.Values,
            Is.EqualTo(_tensors[name].Values), name);
        // The prefix does not hide what is wrong.
        tensors.Remove($"{prefix}conv1.bias");
        Fail(Program.Failed, Arguments(Write(tensors)), "1 of its 10 tensors missing, 0 left over", $"below '{said ?? prefix}'",
            "conv1.bias missing");
    }

    [Test]
    public void OfTwoNetworksInAFileOneIsNamed()
    {
        Dictionary<string, Tensor> tensors = _tensors.ToDictionary(tensor => $"student.{tensor.Key}", tensor => tensor.Value);
        foreach ((string name, Tensor tensor) in _tensors)
            tensors.Add($"teacher.{name}", new(tensor.Dimensions, [.. tensor.Values.Select(value => -value)]));
        string from = Write(tensors), to = _folder["teacher.safetensors"];
        Fail(Program.Failed, Arguments(from),
            "lenet5 several times: below 'student.' and 'teacher.'", "take one with --key student or --key teacher.");
        Import(from, to, "--key", "teacher");
        Assert.That(ModelFile.Load(to).Tensors["fc3.bias"].Values, Is.EqualTo(_tensors["fc3.bias"].Values.Select(value => -value)));
        Fail(Program.Failed, [.. Arguments(from), "--key", "model"], "'student', 'teacher'", "got 'model'");
        // The usual one of several is taken, and the others are told.
        foreach ((string name, Tensor tensor) in _tensors) tensors.Add($"model.{name}", tensor);
        Assert.That(Import(Write(tensors), to), Does.Contain("begin with 'model.'").And.Contain("Left out").And.Contain("and 10 more"));
    }

    [Test]
    public void OurCheckpointsLeaveTheirSlotsOut()
    {
        var metadata = new ModelMetadata("lenet5", Architecture.Find("lenet5").Input, [.. "abcdefg".Select(c => $"{c}")], [0], [1],
            Architecture.Find("lenet5").Recipe.Fit);
        string from = _folder["checkpoint.safetensors"], to = _folder["from-checkpoint.safetensors"];
        ModelFile.Save(from, metadata, _tensors.Concat(_tensors.Select(tensor =>
            KeyValuePair.Create(WeightsFile.StateName("velocity", tensor.Key), tensor.Value))));
        Assert.That(Import(from, to), Does.Contain("Left out").And.Contain("velocity:conv1.bias").And.Not.Contain("more."));
        Assert.That(ModelFile.Load(to).Tensors.Keys, Is.EquivalentTo(_tensors.Keys));
    }

    [Test]
    public void SeveralStateDictsOfAFileAreTold()
    {
        string from = Path.Combine(AppContext.BaseDirectory, "Checkpoints", "Vectors", "torch-pair.pth");
        Fail(Program.Failed, Arguments(from), "'generator', 'discriminator'", "--key generator or --key discriminator");
        from = Path.Combine(AppContext.BaseDirectory, "Checkpoints", "Vectors", "torch-inside.pth");
        Fail(Program.Failed, Arguments(from), "10 of its 10 tensors missing, 9 left over");
    }

    [Test]
    public void ImageNetsClassesAreNamed()
    {
        Assert.That(ImageNetClasses.Names, Has.Count.EqualTo(1000).And.Unique);
        Assert.That(ImageNetClasses.Names, Has.All.Matches<string>(name => name is { Length: > 1 } && name.Trim() == name));
        // Of torchvision's documentation: 0 tench, 207 golden retriever, 281 tabby, 999 toilet tissue; and the names that others have
        // twice.
        Assert.That(new[] { 0, 207, 281, 999, 134, 517, 638, 639 }.Select(index => ImageNetClasses.Names[index]), Is.EqualTo(new[]
            { "tench", "golden retriever", "tabby", "toilet tissue", "crane bird", "crane", "maillot", "maillot tank suit" }));
        Assert.That(ImageNetClasses.Of(Architecture.Find("resnet18"), 1000), Is.SameAs(ImageNetClasses.Names));
        Assert.That(ImageNetClasses.Of(Architecture.Find("resnet18"), 999), Is.Null);
        Assert.That(ImageNetClasses.Of(Architecture.Find("resnet20"), 1000), Is.Null);

        Network network = Architecture.Find("squeezenet1_1").Build();
        string from = Write(network.Parameters.ToDictionary(parameter => parameter.Path, parameter =>
            new Tensor([.. parameter.Spec.Dimensions])));
        string to = _folder["imagenet.safetensors"];
        Assert.That(Succeed("import", "--model", "squeezenet1_1", "--from", from, "--out", to).Output,
            Does.Contain("1,000 classes\nThe classes are named as ImageNet's"));
        Assert.That(ModelFile.Load(to).Metadata.Classes, Is.EqualTo(ImageNetClasses.Names));
        using Model model = Model.FromTorch("squeezenet1_1", from);
        Assert.That(model.Classes, Is.EqualTo(ImageNetClasses.Names));
    }

    [Test]
    public void TwoClassesOfOneNameAreRefused()
    {
        string[] args = [.. Arguments(Write(_tensors)), "--classes-file"];
        Fail(Program.Failed, [.. args, _folder.Add("a\nb\nc\nb\ne\nf\ng\n"u8.ToArray(), "twice.txt")], "'b' in lines 2 and 4");
        Fail(Program.Failed, [.. args, _folder.Add("a\nb \nc\nd\ne\nf\n\tb\n"u8.ToArray(), "spaces.txt")], "'b' in lines 2 and 7");
        GpuCnnException refusal = Assert.Throws<GpuCnnException>(
            () => Model.FromTorch("lenet5", Write(_tensors), ["a", "b", "c", "d", "b", "e", "f"]));
        Assert.That(refusal.Message, Does.Contain("'b' 2 times"));
    }

    [Test]
    public void AMisfitListsTheFirstTenAndTheCounts()
    {
        Dictionary<string, Tensor> wrong = new(_tensors)
        {
            ["fc1.weight"] = new([120, 401], new float[120 * 401]),
            ["other.weight"] = new([1], [1])
        };
        wrong.Remove("conv1.bias");
        string line = Fail(Program.Failed, ["import", "--model", "lenet5", "--from", Write(wrong), "--out", _folder["no"], "--mean", "0",
            "--std", "1"],
            "1 of its 10 tensors missing, 1 left over, 1 of other shapes", "conv1.bias missing", "other.weight left over",
                "fc1.weight [120, 401] instead of [120, 400]", "otherwise like lenet5 (8 of 10");
        Assert.That(line, Does.Not.Contain("and so on"));
        Assert.That(File.Exists(_folder["no"]), Is.False);

        Dictionary<string, Tensor> many = Enumerable.Range(0, 30).ToDictionary(i => $"layer{i}", _ => new Tensor([1], [1]));
        line = Fail(Program.Failed, ["import", "--model", "lenet5", "--from", Write(many), "--out", _folder["no"], "--mean", "0",
            "--std", "1"],
            "10 of its 10 tensors missing, 30 left over", "and so on", "none of the models");
        Assert.That(line.Split(" missing;"), Has.Length.EqualTo(11));
    }

    [Test]
    public void ItSaysWhichModelTheTensorsAreOf() => Fail(Program.Failed,
        ["import", "--model", "smallcnn", "--from", Write(_tensors), "--out", _folder["no"], "--mean", "0,0,0", "--std", "1,1,1"],
            "It looks like lenet5 (10 of 10 tensors agree); use --model lenet5.");

    [Test]
    public void NumbersThatAreNoneAreRefused()
    {
        Dictionary<string, Tensor> wrong = new(_tensors) { ["conv1.bias"] = new([6], [0, 0, float.NaN, 0, 0, 0]) };
        Fail(Program.Failed, ["import", "--model", "lenet5", "--from", Write(wrong), "--out", _folder["no"], "--mean", "0", "--std", "1"],
            "NaN in conv1.bias");
    }

    /// <summary>As files of old PyTorch, and of models that were saved to infer only, have them.</summary>
    [TestCase("resnet20", "3x8x8", ".num_batches_tracked", 0)]
    [TestCase("googlenet-torchvision", "3x32x32", "aux", 1)]
    public void WhatFilesMayLackIsMadeUp(string model, string input, string lacking, int least)
    {
        _ = Shape.TryParse(input, out Shape shape);
        Network network = Architecture.Find(model).Build(shape, Classes);
        Dictionary<string, Tensor> tensors = network.Parameters.Where(parameter => !parameter.Path.Contains(lacking))
            .ToDictionary(parameter => parameter.Path,
            parameter => new Tensor(parameter.Spec.Dimensions, [.. Enumerable.Repeat(0.5f, parameter.Spec.Count)]));
        Assert.That(tensors, Has.Count.LessThan(network.Parameters.Count));
        string from = Write(tensors), to = _folder[$"{model}.safetensors"];
        string said = Succeed("import", "--model", model, "--from", from, "--out", to, "--input", input, "--mean", "0,0,0", "--std",
            "1,1,1").Output;
        Assert.That(said.Contains("drawn at random"), Is.EqualTo(least > 0));
        ModelFile file = ModelFile.Load(to);
        Assert.That(file.Metadata.Classes, Has.Count.EqualTo(Classes));
        foreach (Parameter parameter in network.Parameters.Where(parameter => parameter.Path.Contains(lacking)))
        {
            float[] values = file.Tensors[parameter.Path].Values;
            if (least == 0) Assert.That(values, Is.EqualTo(new float[1]));
            else if (parameter.Spec.Dimensions.Count > 1) Assert.That(values.Distinct().Count(), Is.GreaterThan(values.Length / 2),
                parameter.Path);
        }
    }

    [Test]
    public void ClassLayersAreTheLastOfTheNetworkAndOfItsHeads()
    {
        Assert.That(Architecture.Find("resnet18").ClassPaths(), Is.EqualTo(new[] { "fc.weight", "fc.bias" }));
        Assert.That(Architecture.Find("googlenet-torchvision").ClassPaths(),
            Is.EqualTo(new[] { "fc.weight", "fc.bias", "aux1.fc2.weight", "aux1.fc2.bias", "aux2.fc2.weight", "aux2.fc2.bias" }));
    }

    [Test]
    public void ClassNamesMustBeAsManyAsClasses()
    {
        string[] args = ["import", "--model", "lenet5", "--from", Write(_tensors), "--out", _folder["no"], "--mean", "0", "--std", "1",
            "--classes-file"];
        Fail(Program.Failed, [.. args, _folder.Add("a\nb\n"u8.ToArray(), "few.txt")], "few.txt", "2 classes", "have 7");
        Fail(Program.Failed, [.. args, _folder.Add("a\n\nb\n"u8.ToArray(), "hole.txt")], "hole.txt", "line 2");
        Fail(Program.Failed, [.. args, _folder["none.txt"]], "none.txt");
    }

    [TestCase("import --model lenet5 --from x --out y", "--mean and --std", "lenet5")]
    [TestCase("import --model lenet5 --from x --out y --mean 0", "--mean and --std")]
    [TestCase("import --model lenet5 --from x --out y --mean 0,0 --std 1", "--mean expects 1 number", "got 2")]
    [TestCase("import --model lenet5 --from x --out y --mean 0 --std 0", "--std expects numbers above 0")]
    [TestCase("import --model lenet5 --from x --out y --mean a --std 1", "--mean expects numbers", "'a'")]
    [TestCase("import --model lenet5 --from x --out y --mean 0 --std 1 --input 1x3x3", "lenet5 cannot be built")]
    [TestCase("import --model lenet5 --from x", "--out")]
    [TestCase("import --from x --out y", "--model")]
    public void WrongUsage(string line, params string[] parts) => Fail(Program.WrongUsage, line.Split(' '), parts);

    private string[] Arguments(string from) =>
        ["import", "--model", "lenet5", "--from", from, "--out", _folder["no"], "--mean", "0", "--std", "1"];

    private static string Import(string from, string to, params string[] more) =>
        Succeed(["import", "--model", "lenet5", "--from", from, "--out", to, "--mean", "0", "--std", "1", .. more]).Output;

    /// <summary>The network's tensors below a prefix, but the last layer under another name.</summary>
    private Dictionary<string, Tensor> Moved(string prefix, string last) => _tensors.ToDictionary(
        tensor => tensor.Key.StartsWith("fc3.", StringComparison.Ordinal) ? last + tensor.Key["fc3".Length..] : prefix + tensor.Key,
        tensor => tensor.Value);

    private string Write(Dictionary<string, Tensor> tensors)
    {
        string path = _folder[$"{Guid.NewGuid()}.safetensors"];
        SafetensorsFile.Write(path, tensors);
        return path;
    }
}
