using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Tests.Layers;
using NUnit.Framework;

namespace GpuCnn.Tests.Golden;

/// <summary>
/// Compares cross-entropy with label smoothing, for images with one label and with two, with PyTorch's float64 results (make_losses.py).
/// </summary>
public sealed class LossesTests
{
    private const int Images = 8, Classes = 12;

    /// <summary>
    /// Tolerances for gradients up to 1 and losses up to 20, computed in more than float32 precision and rounded to float32.
    /// </summary>
    private const double GradientTolerance = 1e-7, LossTolerance = 2e-6;

    public static IEnumerable<TestCaseData> Runs =>
        from mixed in new[] { false, true }
        from smoothing in new[] { 0f, 0.1f }
        from device in DeviceUnderTest.All
        select new TestCaseData(mixed, smoothing, device).SetArgDisplayNames(mixed ? "mixed" : "one", $"{smoothing}", device.Name);

    [TestCaseSource(nameof(Runs))]
    public void CrossEntropyMatchesPyTorch(bool mixed, float smoothing, DeviceUnderTest test)
    {
        using SafetensorsFile golden = SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "Golden", "losses.safetensors"));
        string prefix = FormattableString.Invariant($"{(mixed ? "mixed" : "one")}.{smoothing:0.0}.");
        using Device device = test.Make();
        using ParameterStore parameters = device.CreateParameters(new Network("loss", new Dropout(0), Shape.Vector(Classes)),
            training: true, inputGradient: true);
        using var plan = new Plan(parameters, new PlanOptions
        {
            Images = Images,
            Training = true,
            InputGradient = true,
            Loss = new SoftmaxCrossEntropy(smoothing),
            MixedLabels = mixed,
        });
        var batch = new Batch(Shape.Vector(Classes), Images) { Count = Images };
        Values("logits").CopyTo(batch.Images, 0);
        for (int i = 0; i < Images; i++) (batch.Labels[i], batch.Others[i], batch.Shares[i]) = ((int)Values("labels")[i],
            (int)Values("others")[i], Values("shares")[i]);
        BatchResult result = plan.ComputeGradients(batch);
        var gradient = new float[Images * Classes];
        plan.ReadInputGradient(gradient);
        double[] losses = Numbers.ToDouble(Values(prefix + "losses"));
        Assert.That(result.LossSum, Is.EqualTo(losses.Sum()).Within(Images * LossTolerance));
        Closeness.Check($"{test}: gradient", gradient, Numbers.ToDouble(Values(prefix + "gradient")), GradientTolerance);

        float[] Values(string name) => golden.ReadTensor(name).Values;
    }
}
