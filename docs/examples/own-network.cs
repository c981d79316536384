using GpuCnn;
using GpuCnn.Engine.Layers;
using GpuCnn.Engine.Tensors;

var photos = ImageData.Open("photos").Split(validation: 0.2);
var classes = photos.Classes;
var layers = new Sequential { new Conv2d(16, 3, padding: 1), new ReLU(), new MaxPool2d(2, 2), new Flatten(), new Linear(classes.Count) };
using var model = Model.Create(layers, Shape.Volume(3, 16, 16), classes);
model.Fit(photos, new() { Epochs = 3, Batch = 4 });
Console.WriteLine(model.Predict("cat.png").Best);
