using System.Globalization;
using GpuCnn.Data;
using GpuCnn.Engine;
using GpuCnn.Engine.Datasets;
using GpuCnn.Engine.Graphs;
using GpuCnn.Engine.Plans;
using GpuCnn.Engine.Tensors;
using GpuCnn.Explanations;

namespace GpuCnn;

/// <content>Explanations.</content>
public sealed partial class Model
{
    /// <summary>Bytes of layers' outputs that images which are looked at together may take.</summary>
    private const long OutputBytes = 256L << 20;

    /// <summary>Computes what every layer gives for an image, with the arithmetic of each value.</summary>
    /// <param name="file">Path of an image file.</param>
    /// <exception cref="GpuCnnException">The file cannot be read, or weights or outputs are not finite.</exception>
    public Activations Explain(string file)
    {
        ParameterStore parameters = FiniteStore();
        Batch batch = Read(file);
        using var plan = new Plan(parameters, new() { Images = 1, KeepsValues = true });
        ImagePrediction prediction = Infer(plan, batch, _ => file)[0];
        var values = new Dictionary<Value, Tensor> { [_network.Graph.Input] = First(plan.ReadValue(_network.Graph.Input)) };
        foreach (Node layer in Activations.LayersOf(_network)) values.TryAdd(layer.Output, First(plan.ReadValue(layer.Output)));
        return new(_network, InputPicture.Of(batch.Image(0), Input, Preparation), prediction, values, parameters.GetWeights);

        static Tensor First(Tensor batched) => new([.. batched.Dimensions.Skip(1)], batched.Values);
    }

    /// <summary>
    /// Computes which parts of an image raise a class's logit, by Grad-CAM (Selvaraju et al., 2017, https://arxiv.org/abs/1610.02391).
    /// </summary>
    /// <param name="file">Path of an image file.</param>
    /// <param name="class">Index of the class; null is the one that the model says.</param>
    /// <param name="layer">Layer whose maps are weighted; null is the last convolution with what follows it up to the next layer.</param>
    /// <exception cref="GpuCnnException">The file cannot be read, or there is no such class or layer, or the layer has no maps.</exception>
    public HeatMap GradCam(string file, int? @class = null, string? layer = null)
    {
        CheckClass(@class);
        Node target = layer is null ? Explanations.GradCam.LastMaps(_network) : Activations.FindLayer(_network, layer);
        Shape shape = target.Output.Shape;
        if (shape.IsVector)
            throw new GpuCnnException($"Grad-CAM weights maps, but {layer} ({target.Operator.Type}) gives a vector of {shape}.");
        ParameterStore parameters = FiniteStore();
        Batch batch = Read(file);
        return GradCam(parameters, batch, target, file, @class);
    }

    /// <summary>Weights the maps of a layer for the one image of a batch.</summary>
    internal HeatMap GradCam(ParameterStore parameters, Batch batch, Node target, string name, int? @class)
    {
        using var plan = new Plan(parameters, new() { Images = 1, GradientOf = target.Output });
        int label = @class ?? Infer(plan, batch, _ => name)[0].Best.Index;
        plan.Differentiate(batch, [label]);
        float[] heat = Explanations.GradCam.Weigh(plan.ReadValue(target.Output), plan.ReadGradient(), target.Output.Shape);
        return new(InputPicture.Of(batch.Image(0), Input, Preparation), label, target.Output.Shape.Height,
            target.Output.Shape.Width, heat);
    }

    /// <summary>
    /// Measures how far a class's probability falls if a square of the mean color hides a part of an image (Zeiler and Fergus, 2013,
    /// https://arxiv.org/abs/1311.2901): for each pixel, the mean over the squares that hide it.
    /// </summary>
    /// <param name="file">Path of an image file.</param>
    /// <param name="class">Index of the class; null is the one that the model says.</param>
    /// <param name="patch">Side of the square in pixels of the input; null is a sixth of the shorter side.</param>
    /// <param name="stride">Pixels from one square to the next; null is half the square.</param>
    /// <param name="batch">Images that are computed together.</param>
    /// <exception cref="GpuCnnException">The file cannot be read, there is no such class, or the square does not fit.</exception>
    public HeatMap Occlusion(string file, int? @class = null, int? patch = null, int? stride = null, int batch = PredictionBatch)
    {
        CheckClass(@class);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        var grid = new OcclusionGrid(Input, patch, stride);
        ParameterStore parameters = FiniteStore();
        Batch whole = Read(file);
        var images = new Batch(Input, Math.Min(batch, grid.Count + 1));
        using var plan = new Plan(parameters, new() { Images = images.Capacity });
        var falls = new double[grid.Count];
        double before = 0;
        int label = 0;
        // The image itself comes first.
        for (int first = -1; first < grid.Count; first += images.Count)
        {
            images.Count = Math.Min(images.Capacity, grid.Count - first);
            for (int i = 0; i < images.Count; i++)
            {
                images.Labels[i] = 0;
                whole.Image(0).CopyTo(images.Image(i));
                if (first + i >= 0) grid.Hide(images.Image(i), first + i);
            }
            List<ImagePrediction> predictions = Infer(plan, images, _ => file);
            for (int i = 0; i < images.Count; i++)
            {
                if (first + i < 0) label = @class ?? predictions[0].Best.Index;
                double probability = predictions[i].Classes.Single(one => one.Index == label).Probability;
                if (first + i < 0) before = probability;
                else falls[first + i] = before - probability;
            }
        }
        return new(InputPicture.Of(whole.Image(0), Input, Preparation), label, Input.Height, Input.Width, grid.Spread(falls));
    }

    /// <summary>Draws the filters of the first layer, which look at the image.</summary>
    /// <exception cref="GpuCnnException">The network has neither convolutions nor fully connected layers, or weights are not
    /// finite.</exception>
    public PixelImage DrawFilters() => FilterSheet.Draw(FiniteStore().GetWeights(FilterSheet.FirstWeights(_network)), Input);

    /// <summary>
    /// Finds the patches of images that excite each map of a layer most. Reads one batch of images at a time.
    /// </summary>
    /// <param name="layer">Name of the layer: <c>conv2</c>.</param>
    /// <param name="data">Its images to validate on, or all of them where there are none.</param>
    /// <param name="progress">Gets the images looked at and all of them.</param>
    /// <exception cref="GpuCnnException">There is no such layer, images cannot be read, or weights are not finite.</exception>
    public TopPatches FindTopPatches(string layer, ImageData data, Action<int, int>? progress = null)
    {
        Node node = Activations.FindLayer(_network, layer);
        ParameterStore parameters = FiniteStore();
        var patches = new TopPatches(_network, node, Preparation);
        ImageSplit split = data.Evaluation;
        using var images = new ImageDataset(split, new ImagePreprocessor(Metadata),
            badImages: new(split, "evaluation", new BadImageLog(BadImagePolicy.Skip)));
        long bytes = Activations.LayersOf(_network).Sum(one => (long)one.Output.Shape.Count) * sizeof(float);
        int size = (int)Math.Clamp(OutputBytes / bytes, 1, Math.Min(PredictionBatch, images.Count));
        using var plan = new Plan(parameters, new() { Images = size, KeepsValues = true });
        using IBatchReader reader = images.ReadEvaluation(size);
        int read = 0;
        while (reader.Next() is { } batch)
        {
            plan.Infer(batch);
            int first = read;
            patches.Add(batch, plan.ReadValue(node.Output), place => split.Name(first + place));
            read += batch.Count;
            progress?.Invoke(read, images.Count);
        }
        return patches.Images > 0 ? patches : throw new GpuCnnException($"{split.Description}: no image can be read.");
    }

    /// <summary>Finds a class by its name or its index.</summary>
    /// <exception cref="UnknownClassException">There is no such class.</exception>
    public int FindClass(string name)
    {
        for (int index = 0; index < Classes.Count; index++) if (Classes[index] == name) return index;
        return int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number < Classes.Count ? number
            : throw new UnknownClassException(name, Classes);
    }

    private void CheckClass(int? index)
    {
        if (index is { } number && (number < 0 || number >= Classes.Count))
            throw new UnknownClassException(number.ToString(CultureInfo.InvariantCulture), Classes);
    }

    /// <summary>Reads one image as a batch.</summary>
    private Batch Read(string file)
    {
        if (Directory.Exists(file)) throw new GpuCnnException($"'{file}' is a folder, but one image was expected.");
        var batch = new Batch(Input, 1) { Count = 1 };
        new ImagePreprocessor(Metadata).Read(file, batch.Image(0));
        return batch;
    }
}
