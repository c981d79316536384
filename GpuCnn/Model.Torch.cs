using System.Globalization;
using GpuCnn.Engine;
using GpuCnn.Engine.Checkpoints;
using GpuCnn.Engine.Devices;
using GpuCnn.Engine.Tensors;
using GpuCnn.Models;

namespace GpuCnn;

/// <content>Weights from PyTorch.</content>
public sealed partial class Model
{
    /// <summary>
    /// Opens a state dict by torchvision's names: a safetensors file, or what <c>torch.save</c> wrote. Nothing in it is run. Images are
    /// normalized as ImageNet's, which <see cref="Preparation"/> may change.
    /// </summary>
    /// <param name="architecture">A name such as <c>resnet18</c>.</param>
    /// <param name="stateDict">Path of the file.</param>
    /// <param name="classes">
    /// Classes in index order. As many as the file's are names for its outputs; with any other number the last layer is drawn at random.
    /// Null names a network's of ImageNet as ImageNet's if there are 1,000, and numbers others from 0.
    /// </param>
    /// <param name="device">Where to compute; null opens the best one, for this model alone.</param>
    /// <param name="input">Shape of one image; null is the architecture's own.</param>
    /// <param name="reinitialize">Whether the last layer is drawn at random though the number of classes is the file's.</param>
    /// <param name="key">
    /// Which of several state dicts in the file, or what the names of the wanted tensors begin with; null takes the usual one.
    /// </param>
    /// <exception cref="GpuCnnException">The file cannot be read, or its tensors are not those of the architecture.</exception>
    public static Model FromTorch(
        string architecture, string stateDict, IReadOnlyList<string>? classes = null, Device? device = null, Shape? input = null,
        bool reinitialize = false, string? key = null)
    {
        Architecture found = Architecture.Find(architecture);
        using StateDict dict = StateDict.Open(stateDict, key);
        StateDictImport import = StateDictImport.Check(found, dict, input);
        int count = import.Network.Output.Shape.Count;
        IReadOnlyList<string> names = classes ?? ImageNetClasses.Of(found, count)
            ?? [.. Enumerable.Range(0, count).Select(index => index.ToString(CultureInfo.InvariantCulture))];
        if (names.GroupBy(name => name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new GpuCnnException($"A model expects a name of its own for each class, but got '{twice.Key}' {twice.Count()} times.");
        IReadOnlyList<string> drawn = reinitialize || names.Count != count ? found.ClassPaths(input) : [];
        Shape shape = input ?? found.Input;
        Recipe recipe = found.Recipe;
        bool isColour = shape.Channels == ImagePreparation.ImageNetMean.Count;
        return new(() => found.Build(shape, names.Count, recipe), names, device)
        {
            Preparation = Prepare(recipe, shape) with
            {
                Mean = isColour ? ImagePreparation.ImageNetMean : null,
                Std = isColour ? ImagePreparation.ImageNetStd : null,
            },
            Defaults = FitOptions.Of(recipe, shape),
            Recipe = recipe,
            Source = stateDict,
            Reinitialized = drawn,
            CanStartAgain = false,
            _drawn = drawn,
            _weights = import.Read(StartSeed).ToDictionary(),
        };
    }
}
