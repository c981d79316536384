namespace GpuCnn.Tests.Reference;

/// <summary>
/// loss = sum over k of -t[k] log(exp(x[k]) / sum over j of exp(x[j])), t[k] = (1 - smoothing) [k = label] + smoothing / K. An image with label -1
/// has no loss; the gradient is that of the mean over the others.
/// </summary>
public static class ReferenceSoftmaxCrossEntropy
{
    public static double[] Losses(int classes, double[] x, int[] labels, double smoothing)
    {
        var losses = new double[labels.Length];
        for (int n = 0; n < labels.Length; n++)
        {
            if (labels[n] < 0) continue;
            double[] probabilities = Softmax(x[(n * classes)..((n + 1) * classes)]);
            for (int k = 0; k < classes; k++) losses[n] -= Target(k, labels[n], classes, smoothing) * Math.Log(probabilities[k]);
        }
        return losses;
    }

    public static double[] Gradient(int classes, double[] x, int[] labels, double smoothing)
    {
        var gradient = new double[x.Length];
        int real = labels.Count(label => label >= 0);
        for (int n = 0; n < labels.Length; n++)
        {
            if (labels[n] < 0) continue;
            double[] probabilities = Softmax(x[(n * classes)..((n + 1) * classes)]);
            for (int k = 0; k < classes; k++)
                gradient[n * classes + k] = (probabilities[k] - Target(k, labels[n], classes, smoothing)) / real;
        }
        return gradient;
    }

    private static double Target(int k, int label, int classes, double smoothing) => (k == label ? 1 - smoothing : 0) + smoothing / classes;

    private static double[] Softmax(double[] x)
    {
        double largest = x.Max(), total = x.Sum(value => Math.Exp(value - largest));
        return [.. x.Select(value => Math.Exp(value - largest) / total)];
    }
}
