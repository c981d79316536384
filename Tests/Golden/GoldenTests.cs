using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Optimizers;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Golden;

/// <summary>Compares ten steps of training LeNet-5 with PyTorch's float64 results (make_golden.py).</summary>
public sealed class GoldenTests
{
    private const int Images = 16, Steps = 10;

    // Largest differences between PyTorch's own float32 and float64 results, relative to the largest magnitude of a tensor, as
    // make_golden.py prints them: losses 1.5E-7, gradients 4.2E-6 (the biases of tanh units, where terms cancel), weights 2.6E-7.
    // Another order of the same sums may differ several times as much.
    private const double LossTolerance = 8 * 1.5e-7, GradientTolerance = 8 * 4.2e-6, WeightTolerance = 8 * 2.6e-7;

    private static readonly Recipe[] Recipes =
    [
        new("lenet-relu-max", () => new ReLU(), () => new MaxPool2d(2, 2), Nesterov: false, Smoothing: 0),
        new("lenet-relu-max-nesterov-smoothing", () => new ReLU(), () => new MaxPool2d(2, 2), Nesterov: true, Smoothing: 0.1f),
        new("lenet-tanh-average", () => new Tanh(), () => new AvgPool2d(2, 2), Nesterov: false, Smoothing: 0),
    ];

    public static IEnumerable<TestCaseData> Runs =>
        from recipe in Recipes
        from device in DeviceUnderTest.All
        select new TestCaseData(recipe, device).SetArgDisplayNames(recipe.Name, device.Name);

    [TestCaseSource(nameof(Runs))]
    public void TrainsAsPyTorchDoes(Recipe recipe, DeviceUnderTest test)
    {
        using Device device = test.Make();
        using SafetensorsFile start = Open("lenet-start"), golden = Open(recipe.Name);
        var network = new Network("lenet", recipe.Layers(), Shape.Volume(1, 32, 32));
        using ParameterStore parameters = device.CreateParameters(network, training: true);
        Assert.That(network.Parameters.Select(parameter => parameter.Path), Is.EquivalentTo(start.Entries.Select(entry => entry.Name)));
        foreach (Parameter parameter in network.Parameters) parameters.SetWeights(parameter, start.ReadTensor(parameter.Path));
        using var plan = new Plan(parameters, new PlanOptions
        {
            Images = Images,
            Training = true,
            Loss = new SoftmaxCrossEntropy(recipe.Smoothing),
            Optimizer = new Sgd(momentum: 0.9f, weightDecay: 5e-4f, recipe.Nesterov),
        });
        Batch batch = MakeBatch();
        plan.ComputeGradients(batch);
        foreach (Parameter parameter in network.Parameters)
            Compare("gradient", parameter, parameters.GetGradient(parameter), GradientTolerance);

        float[] losses = golden.ReadTensor("losses").Values;
        for (int step = 0; step < Steps; step++)
        {
            double loss = plan.Train(batch, learningRate: 0.05f, seed: 0, (ulong)step).Loss;
            Assert.That(loss, Is.EqualTo(losses[step]).Within(LossTolerance * losses[0]), $"loss of step {step}");
        }
        foreach (Parameter parameter in network.Parameters)
            Compare("weights", parameter, parameters.GetWeights(parameter), WeightTolerance);

        void Compare(string kind, Parameter parameter, Tensor actual, double tolerance)
        {
            double[] expected = Numbers.ToDouble(golden.ReadTensor($"{kind}.{parameter.Path}").Values);
            Closeness.Check(
                $"{recipe.Name} on {test}: {kind} of {parameter.Path}", actual.Values, expected, tolerance * expected.Max(Math.Abs));
        }
    }

    private static SafetensorsFile Open(string name) =>
        SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "Golden", $"{name}.safetensors"));

    /// <summary>Draws images and labels by the formula of make_golden.py.</summary>
    private static Batch MakeBatch()
    {
        var batch = new Batch(Shape.Volume(1, 32, 32), Images) { Count = Images };
        uint state = 1;
        for (int i = 0; i < batch.Images.Length; i++) batch.Images[i] = ((int)(Next() % 256) - 128) / 64f;
        for (int i = 0; i < Images; i++) batch.Labels[i] = (int)(Next() % 10);
        return batch;

        uint Next() => (state = unchecked(1664525 * state + 1013904223)) >> 16;
    }

    public sealed record Recipe(string Name, Func<Layer> Activation, Func<Layer> Pool, bool Nesterov, float Smoothing)
    {
        public Layer Layers() => new Sequential
        {
            { "conv1", new Conv2d(6, 5) }, { "act1", Activation() }, { "pool1", Pool() },
            { "conv2", new Conv2d(16, 5) }, { "act2", Activation() }, { "pool2", Pool() },
            { "flatten", new Flatten() },
            { "fc1", new Linear(120) }, { "act3", Activation() },
            { "fc2", new Linear(84) }, { "act4", Activation() },
            { "fc3", new Linear(10) },
        };
    }
}
