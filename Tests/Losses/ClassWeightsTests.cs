using System.Text.Json;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Losses;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Sets;
using GpuCnn.Engine.Tensors;
using GpuCnn.Engine.Training;
using GpuCnn.Tests.Layers;
using GpuCnn.Tests.Reference;
using GpuCnn.Tests.Sets;
using NUnit.Framework;

namespace GpuCnn.Tests.Losses;

/// <summary>Losses with weights of the classes.</summary>
public sealed class ClassWeightsTests
{
    private static readonly string[] Losses = ["cross-entropy", "focal", "hinge"];

    [Test]
    public void EveryDeviceMatchesTheReference(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [Values(2, 10, 33, 300)] int classes,
        [Values(0f, 0.1f)] float smoothing, [Values] bool mixed)
    {
        float[] x = Numbers.Reals(5 * classes, seed: classes, limit: 4), weights = Weights(classes);
        int[] labels = [0, classes - 1, 1, classes / 2, -1], others = [classes - 1, 0, 1, 0, -1];
        float[] shares = [0.25f, 0.75f, 0.5f, 1, 1];
        int[]? second = mixed ? others : null;
        float[]? parts = mixed ? shares : null;
        double[] wide = Numbers.ToDouble(x),
            losses = ReferenceSoftmaxCrossEntropy.Losses(classes, wide, labels, smoothing, second, parts, weights),
            expected = ReferenceSoftmaxCrossEntropy.Gradient(classes, wide, labels, smoothing, second, parts, weights);
        (BatchResult result, float[] gradient) =
            Run(test, new SoftmaxCrossEntropy(smoothing).Weighted(weights), classes, x, labels, second, parts);
        Assert.That(result.LossSum, Is.EqualTo(losses.Sum()).Within(2e-6 * losses.Sum()), $"{test}");
        Closeness.Check($"{test}: gradient", gradient, expected, 2e-6 * weights.Max());
    }

    /// <summary>Where an image has one label and no smoothing, its weight is a factor.</summary>
    [Test]
    public void TheLabelsWeightMultipliesLossAndGradient(
        [ValueSource(typeof(DeviceUnderTest), nameof(DeviceUnderTest.All))] DeviceUnderTest test, [ValueSource(nameof(Losses))] string name)
    {
        const int Classes = 12;
        float[] x = Numbers.Reals(6 * Classes, seed: 5, limit: 3), weights = Weights(Classes);
        Loss loss = Registry<Loss>.Find(name), weighted = loss.Weighted(weights);
        double sum = 0;
        (BatchResult all, float[] gradient) = Run(test, weighted, Classes, x, [3, 0, 11, 7, 7, 1]);
        foreach ((int image, int label) in new[] { 3, 0, 11, 7, 7, 1 }.Index())
        {
            (BatchResult one, float[] plain) = Run(test, loss, Classes, x[(image * Classes)..((image + 1) * Classes)], [label]);
            sum += weights[label] * one.LossSum;
            // The mean of one image, and of six.
            Closeness.Check($"{test}, image {image}", gradient.AsSpan(image * Classes, Classes),
                [.. plain.Select(value => (double)value * weights[label] / 6)], 4e-6 * weights[label]);
        }
        Assert.That(all.LossSum, Is.EqualTo(sum).Within(4e-6 * sum), $"{test}");
        BatchResult unweighted = Run(test, loss, Classes, x, [3, 0, 11, 7, 7, 1]).Result;
        Assert.That((all.Top1, all.Top5), Is.EqualTo((unweighted.Top1, unweighted.Top5)), "ranks are those of the scores");
    }

    /// <summary>Weights of 1 change no bit.</summary>
    [Test]
    public void EqualWeightsAreNoWeightsOnTheCpu([ValueSource(nameof(Losses))] string name)
    {
        float[] x = Numbers.Reals(3 * 10, seed: 2, limit: 3), ones = [.. Enumerable.Repeat(1f, 10)];
        Loss loss = Registry<Loss>.Find(name);
        (BatchResult expected, float[] plain) = Run(DeviceUnderTest.All[0], loss, 10, x, [3, 9, 0]);
        (BatchResult result, float[] gradient) = Run(DeviceUnderTest.All[0], loss.Weighted(ones), 10, x, [3, 9, 0]);
        Assert.That(result, Is.EqualTo(expected));
        Assert.That(gradient, Is.EqualTo(plain));
    }

    /// <summary>
    /// PyTorch's float64 (make_class_weights.py). Its mean divides by the sum of the labels' weights: ours over the images is the same
    /// where the weights have a mean of 1 over them, as <see cref="ClassWeights.For"/> makes it over all images of a data set.
    /// </summary>
    [Test]
    public void TheReferenceMatchesPyTorch([Values("0.0", "0.1")] string smoothing, [Values("one", "mixed")] string kind)
    {
        using SafetensorsFile golden = SafetensorsFile.Open(Path.Combine(AppContext.BaseDirectory, "Golden", "class-weights.safetensors"));
        double[] logits = Values("logits");
        float[] weights = golden.ReadTensor("weights").Values;
        int[] labels = [.. Values("labels").Select(label => (int)label)], others = [.. Values("others").Select(label => (int)label)];
        float[]? shares = kind == "mixed" ? golden.ReadTensor("shares").Values : null;
        int[]? second = kind == "mixed" ? others : null;
        double share = double.Parse(smoothing, System.Globalization.CultureInfo.InvariantCulture);
        double[] losses = ReferenceSoftmaxCrossEntropy.Losses(12, logits, labels, share, second, shares, weights);
        Assert.That(losses, Is.EqualTo(Values($"{kind}.{smoothing}.losses")).Within(1e-5));
        Assert.That(ReferenceSoftmaxCrossEntropy.Gradient(12, logits, labels, share, second, shares, weights).Select(slope => slope * 8),
            Is.EqualTo(Values($"{kind}.{smoothing}.gradient")).Within(1e-6));
        if (kind == "mixed") return;
        int[] images = [.. Enumerable.Range(0, 12).Select(label => labels.Count(other => other == label))];
        float[] scaled = [.. new ClassWeights(weights).For(images)];
        Assert.That(ReferenceSoftmaxCrossEntropy.Losses(12, logits, labels, share, weights: scaled).Average(),
            Is.EqualTo(Values($"one.{smoothing}.mean")[0]).Within(1e-5));

        double[] Values(string tensor) => Numbers.ToDouble(golden.ReadTensor(tensor).Values);
    }

    /// <summary>scikit-learn 1.2: compute_class_weight("balanced", classes=..., y=...) of the same sizes.</summary>
    [TestCase("90,9,1", "0.37037037,3.7037037,33.333333")]
    [TestCase("5,5", "1,1")]
    [TestCase("2,3,5,10", "2.5,1.6666667,1,0.5")]
    [TestCase("6,0,2", "0.66666667,0,2")]
    public void BalancedWeightsAreThoseOfScikitLearn(string sizes, string expected)
    {
        int[] images = [.. sizes.Split(',').Select(int.Parse)];
        IReadOnlyList<float> weights = ClassWeights.Balanced.For(images);
        Assert.That(weights, Is.EqualTo(expected.Split(',').Select(text => float.Parse(text,
            System.Globalization.CultureInfo.InvariantCulture))).Within(1e-5));
        Assert.That(weights.Zip(images).Sum(pair => (double)pair.First * pair.Second), Is.EqualTo(images.Sum()).Within(1e-4));
    }

    [Test]
    public void OnlyTheRatioOfNumbersMatters()
    {
        int[] images = [30, 10, 0, 20];
        IReadOnlyList<float> weights = new ClassWeights([1, 4, 9, 2.5f]).For(images);
        Assert.That(new ClassWeights([10, 40, 90, 25]).For(images), Is.EqualTo(weights).Within(1e-6));
        Assert.That(weights.Zip(images).Sum(pair => (double)pair.First * pair.Second), Is.EqualTo(60).Within(1e-4));
        Assert.That(weights[1] / weights[0], Is.EqualTo(4).Within(1e-5));
        OneLine.Thrown(() => new ClassWeights([1, 2]).For(images), "4 classes", "got 2");
        OneLine.Thrown(() => new ClassWeights([0, 0, 1, 0]).For(images), "only 0");
    }

    [Test]
    public void TheyAreReadFromTextAndKeptInJson()
    {
        Setting setting = Settings.Of(typeof(TrainingSettings)).Single(setting => setting.Name == "class-weights");
        foreach (string text in new[] { "balanced", "1,2.5,0" })
        {
            var weights = (ClassWeights)setting.Parse("training", text);
            Assert.That(weights.ToString(), Is.EqualTo(text));
            TrainingSettings settings = new() { ClassWeights = weights };
            Assert.That(JsonSerializer.Deserialize<TrainingSettings>(JsonSerializer.Serialize(settings))!.ClassWeights,
                Is.EqualTo(weights));
        }
        foreach (string text in new[] { "", "balance", "1,,2", "1,-2", "1,NaN", "0,0", "1;2", "Infinity" })
            Assert.That(() => setting.Parse("training", text), Throws.TypeOf<SettingException>().With.Message.Contains("balanced"), text);
        foreach (string json in new[] { "\"often\"", "3", "[1,2]" })
            Assert.That(() => JsonSerializer.Deserialize<ClassWeights>(json), Throws.TypeOf<JsonException>(), json);
        OneLine.Thrown(() => new TrainingSettings { ClassWeights = ClassWeights.Balanced, BalancedSampling = true }.Check(), "twice");
        new TrainingSettings { ClassWeights = new ClassWeights([1, 2]), BalancedSampling = true }.Check();
    }

    /// <summary>Validation compares runs, whatever their weights.</summary>
    [Test]
    public void ValidationCountsAllImagesAlike()
    {
        foreach (string name in Losses)
        {
            Loss weighted = Registry<Loss>.Find(name).Weighted([1, 2, 3]);
            Assert.That(weighted.ClassWeights, Is.EqualTo(new[] { 1, 2, 3 }));
            Assert.That(weighted.ForValidation.ClassWeights, Is.Null);
            Assert.That(weighted.ForValidation.GetType(), Is.EqualTo(weighted.GetType()));
        }
        var smoothed = (SoftmaxCrossEntropy)new SoftmaxCrossEntropy(0.1f).Weighted([1, 2]);
        Assert.That(smoothed.LabelSmoothing, Is.EqualTo(0.1f));
        Assert.That(((SoftmaxCrossEntropy)smoothed.ForValidation).LabelSmoothing, Is.Zero);
    }

    [Test]
    public void WeightsOfOtherClassesAreRefused() => Assert.That(
        () => Run(DeviceUnderTest.All[0], new SoftmaxCrossEntropy().Weighted([1, 2]), 3, new float[3], [0]), Throws.ArgumentException);

    /// <summary>A loss that does not apply weights.</summary>
    [Test]
    public void LossesOfUsersRefuseThemUnlessTheySayTheyTakeThem()
    {
        var loss = new UserSquaredError();
        Assert.That(loss.TakesClassWeights, Is.False);
        Assert.That(() => loss.Weighted([1, 2]), Throws.ArgumentException);
        OneLine.Thrown(() => new TrainingSettings { Loss = loss, ClassWeights = ClassWeights.Balanced }.Check(), loss.Name);
    }

    private static float[] Weights(int classes) => [.. Enumerable.Range(0, classes).Select(k => k % 5 * 0.75f + (k == 0 ? 3 : 0.125f))];

    private static (BatchResult Result, float[] Gradient) Run(
        DeviceUnderTest test, Loss loss, int classes, float[] x, int[] labels, int[]? others = null, float[]? shares = null)
    {
        using Device device = test.Make();
        using ParameterStore parameters =
            device.CreateParameters(new Network("test", new Dropout(0), Shape.Vector(classes)), training: true, inputGradient: true);
        using var plan = new Plan(parameters, new()
        {
            Images = labels.Length,
            Training = true,
            InputGradient = true,
            Loss = loss,
            MixedLabels = others is not null,
        });
        var batch = new Batch(Shape.Vector(classes), labels.Length) { Count = labels.Count(label => label >= 0) };
        x.CopyTo(batch.Images, 0);
        labels.CopyTo(batch.Labels, 0);
        others?.CopyTo(batch.Others, 0);
        shares?.CopyTo(batch.Shares, 0);
        BatchResult result = plan.ComputeGradients(batch);
        var gradient = new float[x.Length];
        plan.ReadInputGradient(gradient);
        return (result, gradient);
    }
}
