using GpuCnn.Engine.Training;
using NUnit.Framework;

namespace GpuCnn.Tests.Training;

/// <summary>
/// Expected numbers follow from scikit-learn's definitions (precision_recall_fscore_support, zero_division=0, labels that occur), as
/// fractions.
/// </summary>
public sealed class ConfusionMatrixTests
{
    // Class 3 is predicted but no image has it; class 4 occurs nowhere.
    private static readonly int[] Labels = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2, 2], Predictions = [0, 0, 1, 3, 1, 1, 0, 2, 2, 2, 1, 3];

    [TestCase(0, 2.0 / 3, 1.0 / 2, 4.0 / 7, 4, 3)]
    [TestCase(1, 1.0 / 2, 2.0 / 3, 4.0 / 7, 3, 4)]
    [TestCase(2, 1.0, 3.0 / 5, 3.0 / 4, 5, 3)]
    [TestCase(3, 0.0, 0.0, 0.0, 0, 2)]
    [TestCase(4, 0.0, 0.0, 0.0, 0, 0)]
    public void ClassesHaveScikitLearnsNumbers(int label, double precision, double recall, double f1, int support, int predicted) =>
        AssertQuality(Count(Labels, Predictions, 5).Of(label), precision, recall, f1, support, predicted);

    [Test]
    public void MacroAverageIsOfTheClassesThatOccur() =>
        AssertQuality(Count(Labels, Predictions, 5).MacroAverage(), 13.0 / 24, 53.0 / 120, 53.0 / 112, 12, 12);

    [Test]
    public void WeightedAverageCountsImages() =>
        AssertQuality(Count(Labels, Predictions, 5).WeightedAverage(), 55.0 / 72, 7.0 / 12, 31.0 / 48, 12, 12);

    [Test]
    public void CountsAndSharesAreOfTheLabel()
    {
        ConfusionMatrix matrix = Count(Labels, Predictions, 5);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(matrix[2, 2], Is.EqualTo(3));
            Assert.That(matrix[2, 1], Is.EqualTo(1));
            Assert.That(matrix[1, 2], Is.Zero);
            Assert.That(matrix.ShareOf(2, 1), Is.EqualTo(0.2));
            Assert.That(matrix.ShareOf(4, 1), Is.Zero);
            Assert.That(matrix.Accuracy, Is.EqualTo(7.0 / 12));
            Assert.That(matrix.Pairs.Sum(pair => pair.Count), Is.EqualTo(12));
        }
    }

    [Test]
    public void NothingCountedIsZero()
    {
        ConfusionMatrix matrix = new(3);
        AssertQuality(matrix.MacroAverage(), 0, 0, 0, 0, 0);
        AssertQuality(matrix.WeightedAverage(), 0, 0, 0, 0, 0);
        Assert.That(matrix.Accuracy, Is.Zero);
    }

    /// <summary>Counts true positives anew for each class of random lists.</summary>
    [TestCase(2, 50)]
    [TestCase(7, 200)]
    [TestCase(1000, 3000)]
    public void RandomListsAgreeWithCountingByHand(int classes, int images)
    {
        Random random = new(3);
        int[] labels = [.. Enumerable.Range(0, images).Select(_ => random.Next(classes))],
            predictions = [.. labels.Select(label => random.Next(3) == 0 ? random.Next(classes) : label)];
        ConfusionMatrix matrix = Count(labels, predictions, classes);
        double f1 = 0;
        int occurring = 0;
        for (int k = 0; k < classes; k++)
        {
            int right = labels.Zip(predictions).Count(pair => pair.First == k && pair.Second == k);
            int support = labels.Count(label => label == k), predicted = predictions.Count(prediction => prediction == k);
            double precision = predicted == 0 ? 0 : (double)right / predicted, recall = support == 0 ? 0 : (double)right / support;
            double own = right == 0 ? 0 : 2 * precision * recall / (precision + recall);
            AssertQuality(matrix.Of(k), precision, recall, own, support, predicted);
            if (support + predicted == 0) continue;
            f1 += own;
            occurring++;
        }
        Assert.That(matrix.MacroAverage().F1, Is.EqualTo(f1 / occurring).Within(1e-12));
    }

    [TestCase(-1, 0)]
    [TestCase(0, 5)]
    public void ClassesOutOfRangeAreRefused(int label, int prediction) =>
        Assert.That(() => new ConfusionMatrix(5).Add(label, prediction), Throws.InstanceOf<ArgumentOutOfRangeException>());

    private static ConfusionMatrix Count(int[] labels, int[] predictions, int classes)
    {
        ConfusionMatrix matrix = new(classes);
        for (int i = 0; i < labels.Length; i++) matrix.Add(labels[i], predictions[i]);
        return matrix;
    }

    private static void AssertQuality(ClassQuality quality, double precision, double recall, double f1, long support, long predicted)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(quality.Precision, Is.EqualTo(precision).Within(1e-12), nameof(precision));
            Assert.That(quality.Recall, Is.EqualTo(recall).Within(1e-12), nameof(recall));
            Assert.That(quality.F1, Is.EqualTo(f1).Within(1e-12), nameof(f1));
            Assert.That(quality.Support, Is.EqualTo(support), nameof(support));
            Assert.That(quality.Predicted, Is.EqualTo(predicted), nameof(predicted));
        }
    }
}
