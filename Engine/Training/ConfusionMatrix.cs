namespace GpuCnn.Engine.Training;

/// <summary>Quality of one class.</summary>
/// <param name="Precision">Share of the images predicted as this class that have it: TP / (TP + FP), or 0 where none was predicted.</param>
/// <param name="Recall">Share of the class's images that were predicted as it: TP / (TP + FN), or 0 where it has none.</param>
/// <param name="F1">Harmonic mean of both: 2 TP / (2 TP + FP + FN), or 0 where the class occurs nowhere.</param>
/// <param name="Support">Images of the class.</param>
/// <param name="Predicted">Images predicted as the class.</param>
public sealed record ClassQuality(double Precision, double Recall, double F1, long Support, long Predicted);

/// <summary>
/// Counts how often images of each class were predicted as each. Precision, recall, F1 and their averages are those of scikit-learn's
/// <c>precision_recall_fscore_support</c> with <c>zero_division=0</c>. It takes memory for the pairs that occur.
/// </summary>
/// <param name="classes">Number of classes.</param>
public sealed class ConfusionMatrix(int classes)
{
    private readonly Dictionary<(int Label, int Prediction), long> _counts = [];
    private readonly long[] _labels = new long[classes], _predictions = new long[classes];

    public int Classes => classes;

    /// <summary>Images counted.</summary>
    public long Images { get; private set; }

    /// <summary>Images whose prediction is their label.</summary>
    public long Right { get; private set; }

    /// <summary>Share of the images that are right; 0 of none.</summary>
    public double Accuracy => Share(Right, Images);

    /// <summary>Images of a class that were predicted as another or as the same.</summary>
    public long this[int label, int prediction] => _counts.GetValueOrDefault((label, prediction));

    /// <summary>The pairs that occur, with their counts, in no order.</summary>
    public IEnumerable<(int Label, int Prediction, long Count)> Pairs =>
        _counts.Select(pair => (pair.Key.Label, pair.Key.Prediction, pair.Value));

    /// <summary>Counts an image.</summary>
    public void Add(int label, int prediction)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)label, (uint)classes, nameof(label));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)prediction, (uint)classes, nameof(prediction));
        _counts[(label, prediction)] = this[label, prediction] + 1;
        _labels[label]++;
        _predictions[prediction]++;
        Images++;
        if (label == prediction) Right++;
    }

    /// <summary>Share of a class's images that were predicted as another or as the same; 0 where it has none.</summary>
    public double ShareOf(int label, int prediction) => Share(this[label, prediction], _labels[label]);

    public ClassQuality Of(int label)
    {
        long right = this[label, label], support = _labels[label], predicted = _predictions[label];
        return new(Share(right, predicted), Share(right, support), Share(2 * right, predicted + support), support, predicted);
    }

    /// <summary>Mean over the classes that occur among labels or predictions.</summary>
    public ClassQuality MacroAverage() => Average(label => _labels[label] + _predictions[label] > 0 ? 1 : 0);

    /// <summary>Mean over the classes, each counted as often as it has images.</summary>
    public ClassQuality WeightedAverage() => Average(label => _labels[label]);

    private ClassQuality Average(Func<int, long> weightOf)
    {
        double precision = 0, recall = 0, f1 = 0;
        long weights = 0;
        for (int label = 0; label < classes; label++)
        {
            long weight = weightOf(label);
            ClassQuality quality = Of(label);
            precision += weight * quality.Precision;
            recall += weight * quality.Recall;
            f1 += weight * quality.F1;
            weights += weight;
        }
        double count = Math.Max(1, weights);
        return new(precision / count, recall / count, f1 / count, Images, Images);
    }

    private static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;
}
