namespace GpuCnn.Tests.Reference;

/// <summary>
/// loss = sum over k of -t[k] log(exp(x[k]) / sum over j of exp(x[j])), t[k] = (1 - smoothing) (share [k = label] + (1 - share) [k =
/// other]) + smoothing / K, times the weight of class k if there are weights. An image with label -1 has no loss; the gradient is that of
/// the mean over the others. Without others and shares an image has one label.
/// </summary>
public static class ReferenceSoftmaxCrossEntropy
{
    public static double[] Losses(
        int classes, double[] x, int[] labels, double smoothing, int[]? others = null, float[]? shares = null, float[]? weights = null)
    {
        var losses = new double[labels.Length];
        for (int n = 0; n < labels.Length; n++)
        {
            if (labels[n] < 0) continue;
            double[] probabilities = Softmax(x[(n * classes)..((n + 1) * classes)]);
            for (int k = 0; k < classes; k++)
                if (Target(k, n, classes, labels, smoothing, others, shares, weights) is > 0 and var target)
                    losses[n] -= target * Math.Log(probabilities[k]);
        }
        return losses;
    }

    public static double[] Gradient(
        int classes, double[] x, int[] labels, double smoothing, int[]? others = null, float[]? shares = null, float[]? weights = null)
    {
        var gradient = new double[x.Length];
        int real = labels.Count(label => label >= 0);
        for (int n = 0; n < labels.Length; n++)
        {
            if (labels[n] < 0) continue;
            double[] probabilities = Softmax(x[(n * classes)..((n + 1) * classes)]);
            double[] targets =
                [.. Enumerable.Range(0, classes).Select(k => Target(k, n, classes, labels, smoothing, others, shares, weights))];
            double sum = weights is null ? 1 : targets.Sum();
            for (int k = 0; k < classes; k++) gradient[n * classes + k] = (probabilities[k] * sum - targets[k]) / real;
        }
        return gradient;
    }

    /// <summary>The target of class <paramref name="k"/> for image <paramref name="n"/>.</summary>
    public static double Target(
        int k, int n, int classes, int[] labels, double smoothing, int[]? others, float[]? shares, float[]? weights = null)
    {
        double share = shares?[n] ?? 1, own = (k == labels[n] ? share : 0) + (k == (others ?? labels)[n] ? 1 - share : 0);
        return (weights?[k] ?? 1) * ((1 - smoothing) * own + smoothing / classes);
    }

    private static double[] Softmax(double[] x)
    {
        double largest = x.Max(), total = x.Sum(value => Math.Exp(value - largest));
        return [.. x.Select(value => Math.Exp(value - largest) / total)];
    }
}
