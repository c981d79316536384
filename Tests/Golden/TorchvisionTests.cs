using System.Globalization;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Plans;
using NUnit.Framework;

namespace GpuCnn.Tests.Golden;

/// <summary>
/// Compares inference and three steps of training with torchvision's networks in float64 (make_torchvision.py). Errors are relative to the
/// largest magnitude of a tensor. Those of gradients are relative to the largest of their layer, because the gradient of a bias before a
/// norm is 0 apart from rounding.
/// </summary>
public sealed class TorchvisionTests
{
    private const int Classes = 7, Images = 4, Steps = 3;

    /// <summary>
    /// Allowed distance from float64, as a multiple of that of PyTorch's own float32. Sums in another order round differently, and after
    /// some steps all later layers have amplified the rounding.
    /// </summary>
    private const double Allowed = 8;

    /// <summary>
    /// Half a unit in the last place of a float32. The error of a sequential sum of n products is about the square root of n times as much.
    /// PyTorch may come closer by chance, or because it sums in parts.
    /// </summary>
    private static readonly double Rounding = Math.Pow(2, -24);

    private const string Prefix = "torchvision-";

    private static readonly string[] Quick = ["resnet18"];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Golden");

    /// <summary>Networks of the folder, which has a file for each under its name in this project.</summary>
    private static IEnumerable<string> Networks =>
        from file in Directory.EnumerateFiles(Folder, $"{Prefix}*.safetensors").Order(StringComparer.Ordinal)
        select Path.GetFileNameWithoutExtension(file)[Prefix.Length..];

    public static IEnumerable<TestCaseData> Runs =>
        from name in Networks
        from device in DeviceUnderTest.All
        where device.Name.StartsWith("cpu (2", StringComparison.Ordinal) || device.Family is "opencl" or "cuda"
        select new TestCaseData(name, device).SetArgDisplayNames(name, device.Name);

    [TestCaseSource(nameof(Runs))]
    public void InfersAndTrainsAsTorchvisionDoes(string name, DeviceUnderTest test)
    {
        if (!Quick.Contains(name) && Environment.GetEnvironmentVariable("GPUCNN_LONG_TESTS") != "1")
            Assert.Ignore("Takes long; GPUCNN_LONG_TESTS=1 runs it.");
        using SafetensorsFile golden = SafetensorsFile.Open(Path.Combine(Folder, $"{Prefix}{name}.safetensors"));
        int side = int.Parse(golden.Metadata["side"], CultureInfo.InvariantCulture);
        float rate = float.Parse(golden.Metadata["rate"], CultureInfo.InvariantCulture);
        Architecture architecture = Architecture.Find(name);
        Network network = architecture.Build(
            Shape.Volume(3, side, side), Classes, architecture.Recipe with { Dropout = 0, HeadDropout = 0 });
        using Device device = test.Make();
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        Parameter[] learned = [.. network.Learned.OrderBy(parameter => parameter.Path, StringComparer.Ordinal)];
        parameters.Initialize(seed: 0);
        for (int i = 0; i < learned.Length; i++) parameters.SetWeights(learned[i], Start(learned[i], (ulong)i));
        var batch = new Batch(network.Input, Images) { Count = Images };
        var images = new float[batch.Images.Length];
        Formula.Uniform(1_000_000, images);
        batch.SetChannelsFirst(images);
        for (int i = 0; i < Images; i++) batch.Labels[i] = 3 * i % Classes;

        double sums = Rounding * Math.Sqrt(learned.Max(parameter => parameter.Spec.FanIn));
        CompareLogits("logits.start");
        var options = new PlanOptions
        {
            Images = Images,
            Loss = new SoftmaxCrossEntropy(),
            Training = true,
            Optimizer = new Sgd(momentum: 0.9f, weightDecay: 5e-4f),
        };
        using (var plan = new Plan(parameters, options))
        {
            var losses = new float[Steps];
            for (int step = 0; step < Steps; step++)
            {
                losses[step] = (float)plan.Train(batch, rate, seed: 0, (ulong)step).Loss;
                if (step > 0) continue;
                foreach (Parameter parameter in learned)
                {
                    float scale = golden.ReadTensor($"scale.{parameter.Path}").Values[0];
                    Compare("gradient", parameter.Path, Samples(parameters.GetGradient(parameter).Values), scale);
                }
            }
            Compare("losses", "", losses);
        }
        Parameter[] kept = [.. network.Parameters.Where(parameter => parameter.Spec.Dimensions.Count > 0)];
        IEnumerable<string> states =
            golden.Entries.Select(entry => entry.Name).Where(entry => entry.StartsWith("state.", StringComparison.Ordinal));
        Assert.That(kept.Select(parameter => $"state.{parameter.Path}"), Is.EquivalentTo(states));
        foreach (Parameter parameter in kept) Compare("state", parameter.Path, Samples(parameters.GetWeights(parameter).Values));
        foreach (Parameter counter in network.Parameters.Except(kept))
            Assert.That(parameters.GetWeights(counter).Values, Is.EqualTo(new float[] { Steps }), counter.Path);
        CompareLogits("logits.end");

        void CompareLogits(string kind)
        {
            using var plan = new Plan(parameters, new PlanOptions { Images = Images, Loss = new SoftmaxCrossEntropy() });
            plan.Evaluate(batch);
            var logits = new float[Images * Classes];
            plan.ReadOutput(logits);
            Compare(kind, "", logits);
        }

        void Compare(string kind, string path, float[] actual, double? scale = null)
        {
            double[] expected = Numbers.ToDouble(golden.ReadTensor(path == "" ? kind : $"{kind}.{path}").Values);
            double distance = double.Parse(golden.Metadata[$"float32.{kind}"], CultureInfo.InvariantCulture);
            double tolerance = Math.Max(Allowed * distance, sums) * (scale ?? expected.Max(Math.Abs));
            Closeness.Check($"{name} on {test}: {kind} {path}", actual, expected, tolerance);
        }
    }

    private static float[] Samples(float[] values)
    {
        const int most = 64;
        int picked = Math.Min(most, values.Length);
        return [.. Enumerable.Range(0, picked).Select(i => values[(long)i * values.Length / picked])];
    }

    /// <summary>
    /// Draws weights of a matrix or filter uniformly with the variance 2 / fan-in. Scales of norms are near 1, biases near 0, and biases of
    /// norms near 2.
    /// </summary>
    private static Tensor Start(Parameter parameter, ulong stream)
    {
        var tensor = new Tensor([.. parameter.Spec.Dimensions]);
        bool isVector = tensor.Dimensions.Count == 1;
        float middle = parameter.Node.Operator is not BatchNorm2d ? 0 : parameter.Spec.Role == ParameterRole.Bias ? 2 : 1;
        float bound = isVector
            ? 0.125f
            : (float)Math.Sqrt(6.0 / tensor.Dimensions.Skip(1).Aggregate(1, (product, dimension) => product * dimension));
        Formula.Uniform(stream, tensor.Values);
        for (int i = 0; i < tensor.Values.Length; i++) tensor.Values[i] = middle + bound * tensor.Values[i];
        return tensor;
    }
}
